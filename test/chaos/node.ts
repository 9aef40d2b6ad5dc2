// Meridian's node as a process of a run: its configuration, its accounts, and what its store still has.

import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import pg from "pg";
import type { NodeConfigInput } from "../../contract/contract.ts";
import { deriveCredentials } from "../../server/accounts/credentials.ts";
import { ACCOUNTS } from "../../server/accounts/store.ts";
import { openStorage } from "../../server/stores.ts";
import { attributeOf } from "../../xmpp/client/splitter.ts";
import { freePort } from "../harness/children.ts";
import { ProcessNode } from "./site.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PLENTY = 1_000_000_000;
/** Fewest the server takes: the experiments are not about hashing. */
const ITERATIONS = 4096;

export const PASSWORD = "wherefore art thou";
export const localpart = (index: number) => `user${index}`;

/** One node. */
export interface NodePlan {
  readonly folder: string;
  readonly name: string;
  readonly domain: string;
  /** Of its PostgreSQL. */
  readonly url: string;
  readonly cluster?: NodeConfigInput["cluster"];
  /** How it federates, where it does. */
  readonly federation?: {
    readonly port: number;
    readonly certificate: { readonly certificate: string; readonly key: string };
    readonly settings: NonNullable<NodeConfigInput["federation"]>;
  };
}

/** Writes its configuration. */
export async function makeNode({ folder, name, domain, url, cluster, federation }: NodePlan): Promise<ProcessNode> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const file = join(folder, `${name}.json`);
  const certificate = federation === undefined ? {} : { certificate: federation.certificate };
  const config: NodeConfigInput = {
    node: name,
    hosts: [{ domain, ...certificate, modules: { offline: { maxMessages: 100_000 } } }],
    listeners: [
      { kind: "c2s", port, tls: "none" },
      { kind: "metrics", port: metricsPort },
      ...(federation === undefined ? [] : [{ kind: "s2s" as const, port: federation.port, tls: "starttls" as const }]),
    ],
    storage: { kind: "postgres", url },
    ...(cluster === undefined ? {} : { cluster }),
    authentication: { requireTls: false, plainWithoutTls: true, scramIterations: ITERATIONS },
    federation: federation?.settings ?? { enabled: false },
    limits: {
      connectionsPerAddress: PLENTY,
      bytesPerSecond: PLENTY,
      burstBytes: PLENTY,
      preAuthBytesPerSecond: PLENTY,
    },
    adminSocket: join(folder, `${name}.sock`),
    log: { level: "warn" },
    drainSeconds: 30,
  };
  writeFileSync(file, JSON.stringify(config));
  const collects = ["--expose-gc", "--import", pathToFileURL(join(import.meta.dirname, "collect.ts")).href];
  const argv = [process.execPath, ...collects, join(ROOT, "app/main.ts"), "serve", "--config", file];
  const ready = (dead: () => boolean) => untilReady(metricsPort, dead);
  return new ProcessNode({ name, argv, folder, port, metricsPort, tied: true, ready });
}

/** ms that a node may take to start. */
const START_MS = 60_000;

async function untilReady(metricsPort: number, dead: () => boolean): Promise<void> {
  const end = Date.now() + START_MS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${metricsPort}/readyz`).catch(() => undefined);
    if (answer?.ok === true) return;
    if (dead()) throw new Error("it ended while it was starting");
    if (Date.now() > end) throw new Error(`not ready after ${START_MS} ms`);
    await sleep(20);
  }
}

/** Every account has the same password, so keys derived once will do. */
export async function makeAccounts(url: string, domain: string, count: number): Promise<void> {
  // Not what is tried: nobody waits for it but the run, however busy the machine is.
  const bounds = { maxWaiting: 2000, operationMs: START_MS };
  const storage = await openStorage({ kind: "postgres", url, poolSize: 10 }, { bounds });
  const credentials = await deriveCredentials(PASSWORD, ITERATIONS);
  for (let index = 0; index < count; index += 500) {
    const some = Array.from({ length: Math.min(500, count - index) }, (_, i) => localpart(index + i));
    await Promise.all(some.map((local) => storage.of(ACCOUNTS).create(domain, local, credentials, Date.now())));
  }
  await storage.close();
}

/** Ids of messages left in these databases, by table. */
export async function storedIds(urls: readonly string[]): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const url of urls) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    for (const table of ["offline_messages", "held_messages"]) {
      const { rows } = await client.query<{ text: string }>(`select text from ${table}`);
      found.set(table, [...(found.get(table) ?? []), ...rows.map(({ text }) => attributeOf(text, "id") ?? "")]);
    }
    await client.end();
  }
  return found;
}
