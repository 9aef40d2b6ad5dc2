// A server that others wrote, as our federation meets it.
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { OrdinaryUser } from "../harness/daemon.ts";

/** How the two servers prove themselves to one another. */
export type Proof = "dialback" | "external";

/** What there is of it. */
export interface RemoteOptions {
  readonly domain: string;
  readonly accounts: readonly string[];
  readonly proof: Proof;
  /** How it is reached by servers. */
  readonly tls: "starttls" | "direct";
  /** Further lines of its configuration. */
  readonly more?: string;
}

/** A remote server that runs. */
export interface RemoteServer {
  readonly domain: string;
  /** Address and port for clients, with STARTTLS. */
  readonly service: string;
  /** PEM file that its clients trust. */
  readonly authority: string;
  /** Ends it; its folder goes with it. */
  stop(): Promise<void>;
}

/** Writes a file that `user` owns, in a folder that it owns as well. */
export function writeFor(user: OrdinaryUser | undefined, path: string, text: string): void {
  const folder = dirname(path);
  const made = mkdirSync(folder, { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
  if (user === undefined) return;
  chownSync(path, user.uid, user.gid);
  for (let at = folder; made !== undefined && at.length >= made.length; at = dirname(at))
    chownSync(at, user.uid, user.gid);
}
