// Meridian as a region has it: nodes that share a real Redis and a real PostgreSQL, behind HAProxy where there is one.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { deriveCredentials } from "../../server/auth/credentials.ts";
import type { NodeConfigInput } from "../../server/config/contract.ts";
import { openStorage } from "../../server/storage/open.ts";
import { freePort, removeFolder, temporaryFolder } from "../harness/daemon.ts";
import { findHaproxy } from "../harness/haproxy.ts";
import { startPostgres } from "../harness/postgres.ts";
import { startRedis } from "../harness/redis.ts";
import { BALANCED, type Balancer, startBalancer } from "./balancer.ts";
import { ProcessNode, type Site } from "./site.ts";
import { attributeOf } from "./splitter.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const DOMAIN = "chaos.test";
const PASSWORD = "wherefore art thou";
const PLENTY = 1_000_000_000;
/** Fewest the server takes: the experiments are not about hashing. */
const ITERATIONS = 4096;
const localpart = (index: number) => `user${index}`;

/** What a cluster is made of. */
export interface ClusterOptions {
  readonly nodes: number;
  readonly accounts: number;
  /** PostgreSQL flushes to the disk, as in production. */
  readonly durable?: boolean;
  /** Further settings of every node. */
  readonly settings?: Partial<NodeConfigInput>;
}

/** Starts it. @throws Error where Redis or PostgreSQL is missing, or a node does not start */
export async function startCluster(options: ClusterOptions): Promise<Site> {
  const folder = temporaryFolder("chaos");
  const [redis, postgres] = await Promise.all([startRedis(), startPostgres({ durable: options.durable ?? false })]);
  const nodes: ProcessNode[] = [];
  let balancer: Balancer | undefined;
  let url = "";
  async function end(): Promise<void> {
    await Promise.all(nodes.map((node) => node.end("SIGKILL")));
    await Promise.all([balancer?.end(), redis.end(), postgres.end()]);
    removeFolder(folder);
  }
  try {
    url = await postgres.createDatabase("chaos");
    await makeAccounts(url, options.accounts);
    for (let index = 1; index <= options.nodes; index += 1)
      nodes.push(await makeNode(folder, `n${index}`, redis.url, url, options));
    await Promise.all(nodes.map((node) => node.start()));
    // Beyond what it takes, clients choose a node by themselves.
    if (nodes.length > 1 && findHaproxy() !== undefined && options.accounts < BALANCED / 2)
      balancer = await startBalancer(nodes.map(({ port, metricsPort = 0 }) => ({ port, metricsPort })));
  } catch (error) {
    await end();
    throw error;
  }
  let turn = 0;
  return {
    name: `Meridian, ${options.nodes} node${options.nodes === 1 ? "" : "s"}`,
    domain: DOMAIN,
    password: PASSWORD,
    mechanism: "SCRAM-SHA-256",
    localpart,
    nodes,
    redis,
    postgres,
    stored: () => storedIds(url),
    get entrance() {
      turn += 1;
      return balancer ?? nodes[turn % nodes.length]!;
    },
    end,
  };
}

async function makeNode(folder: string, name: string, redisUrl: string, url: string, options: ClusterOptions) {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const file = join(folder, `${name}.json`);
  const config: NodeConfigInput = {
    node: name,
    hosts: [{ domain: DOMAIN, modules: { offline: { maxMessages: 100_000 } } }],
    listeners: [
      { kind: "c2s", port, tls: "none" },
      { kind: "metrics", port: metricsPort },
    ],
    storage: { kind: "postgres", url },
    cluster: { redis: { urls: [redisUrl] } },
    authentication: { requireTls: false, plainWithoutTls: true, scramIterations: ITERATIONS },
    federation: { enabled: false },
    limits: {
      connectionsPerAddress: PLENTY,
      bytesPerSecond: PLENTY,
      burstBytes: PLENTY,
      preAuthBytesPerSecond: PLENTY,
    },
    adminSocket: join(folder, `${name}.sock`),
    log: { level: "warn" },
    drainSeconds: 30,
    ...options.settings,
  };
  writeFileSync(file, JSON.stringify(config));
  const argv = [process.execPath, join(ROOT, "app/main.ts"), "serve", "--config", file];
  return new ProcessNode({
    name,
    argv,
    folder,
    port,
    metricsPort,
    tied: true,
    ready: (dead) => untilReady(metricsPort, dead),
  });
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
async function makeAccounts(url: string, count: number): Promise<void> {
  const storage = await openStorage({ kind: "postgres", url, poolSize: 10 }, { bounds: { maxWaiting: 2000 } });
  const credentials = await deriveCredentials(PASSWORD, ITERATIONS);
  for (let index = 0; index < count; index += 500) {
    const some = Array.from({ length: Math.min(500, count - index) }, (_, i) => localpart(index + i));
    await Promise.all(some.map((local) => storage.accounts.create(DOMAIN, local, credentials, Date.now())));
  }
  await storage.close();
}

/** Messages left in the store. */
async function storedIds(url: string): Promise<Map<string, string[]>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const found = new Map<string, string[]>();
  for (const table of ["offline_messages", "held_messages"]) {
    const { rows } = await client.query<{ text: string }>(`select text from ${table}`);
    found.set(
      table,
      rows.map(({ text }) => attributeOf(text, "id") ?? ""),
    );
  }
  await client.end();
  return found;
}
