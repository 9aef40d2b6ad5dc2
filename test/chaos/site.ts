// What experiments are run on: nodes behind one address or many, each of which can be killed, ended and started again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Relay } from "../federation/relay.ts";
import { isGone, killGroup, tie } from "../harness/children.ts";
import type { TestPostgres } from "../harness/postgres.ts";
import type { TestRedis } from "../harness/redis.ts";
import type { ClientOptions, Endpoint } from "./client.ts";

/** One server process. */
export interface SiteNode {
  readonly name: string;
  /** Where its own clients' port is. */
  readonly port: number;
  /** Port of its metrics; undefined where it has none. */
  readonly metricsPort: number | undefined;
  readonly pid: number;
  /** Deaths that nobody asked for. */
  readonly accidents: readonly string[];
  /** Starts it and waits until it takes clients. */
  start(): Promise<void>;
  /** `SIGKILL` or, for an orderly end, `SIGTERM`; resolves once it is gone. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Bytes that it keeps once its garbage is collected; undefined where it is none of ours. */
  kept(): Promise<number | undefined>;
  /** All that it has logged. */
  log(): string;
}

/** A server or a cluster of them. */
export interface Site {
  readonly name: string;
  readonly domain: string;
  /** Where accounts are of several domains. */
  readonly domainOf?: (index: number) => string;
  readonly password: string;
  readonly mechanism: ClientOptions["mechanism"];
  readonly localpart: (index: number) => string;
  readonly nodes: readonly SiteNode[];
  /** Where clients connect that care for no node. */
  readonly entrance: Endpoint;
  /** Where the client of an account connects, where that is not everybody's choice. */
  readonly entranceOf?: (index: number) => Endpoint;
  /** Redis, or each master of Redis Cluster. */
  readonly redis?: readonly TestRedis[];
  /** What each node reaches Redis by, where that may be cut. */
  readonly links?: readonly Relay[];
  /** What the other regions reach each region by, and what its clients reach it by. */
  readonly s2sRelays?: readonly Relay[];
  readonly clientRelays?: readonly Relay[];
  readonly postgres?: TestPostgres;
  readonly databaseUrl?: string;
  /** Ids of messages that its store still has, by table, for whoever looks for lost ones. */
  stored?(): Promise<ReadonlyMap<string, readonly string[]>>;
  end(): Promise<void>;
}

/** How a node's process is started. */
export interface NodeCommand {
  readonly name: string;
  readonly argv: readonly string[];
  readonly folder: string;
  readonly env?: Record<string, string>;
  readonly port: number;
  readonly metricsPort?: number;
  /** A node told by an `ipc` channel that its parent is gone. */
  readonly tied: boolean;
  /** Resolves once it takes clients; `dead` tells that it never will. */
  ready(dead: () => boolean): Promise<void>;
}

/** ms that a node may take to say what it keeps. */
const KEPT_MS = 30_000;

/** A node that is started and ended as often as an experiment wants. */
export class ProcessNode implements SiteNode {
  readonly name: string;
  readonly port: number;
  readonly metricsPort: number | undefined;
  readonly accidents: string[] = [];
  private readonly command: NodeCommand;
  private child: ChildProcess | undefined;
  private asked = false;

  constructor(command: NodeCommand) {
    this.command = command;
    this.name = command.name;
    this.port = command.port;
    this.metricsPort = command.metricsPort;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  async start(): Promise<void> {
    const { argv, folder, env, tied } = this.command;
    const output = openSync(join(folder, `${this.name}.log`), "a");
    const [program = "", ...args] = argv;
    const stdio = tied ? ["ignore", output, output, "ipc"] : ["ignore", output, output];
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: stdio as ["ignore", number, number],
      detached: true,
    });
    closeSync(output);
    this.child = child;
    this.asked = false;
    tie(child);
    child.once("exit", (code, signal) => {
      if (!this.asked) this.accidents.push(`${this.name} ended by ${signal ?? code}`);
    });
    try {
      await this.command.ready(() => isGone(child));
    } catch (error) {
      throw new Error(`${this.name} does not start: ${(error as Error).message}\n${this.log().slice(-4000)}`, {
        cause: error,
      });
    }
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const { child } = this;
    if (child === undefined || isGone(child)) return;
    this.asked = true;
    const exited = once(child, "exit");
    // Erlang's helpers are processes of the same group: a machine that loses power spares none.
    if (signal === "SIGKILL") killGroup(child);
    else child.kill(signal);
    await exited;
    killGroup(child);
  }

  /** See collect.ts. @throws Error where it does not answer */
  async kept(): Promise<number | undefined> {
    const { child } = this;
    if (child === undefined || !this.command.tied) return undefined;
    const signal = AbortSignal.timeout(KEPT_MS);
    child.kill("SIGUSR2");
    for (;;) {
      const [told] = (await once(child, "message", { signal })) as [{ type?: unknown; bytes?: unknown }];
      if (told.type === "kept") return Number(told.bytes);
    }
  }

  log(): string {
    try {
      return readFileSync(join(this.command.folder, `${this.name}.log`), "utf8");
    } catch {
      return "";
    }
  }
}
