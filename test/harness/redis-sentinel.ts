// A master, its replica and three sentinels that watch them, for a test.
import { chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort, removeFolder, temporaryFolder } from "./children.ts";
import { type Daemon, ordinaryUser, startDaemon } from "./daemon.ts";
import { type RedisSettings, startRedis, type TestRedis } from "./redis.ts";
import { find, hintOf } from "./software.ts";
import { until } from "./until.ts";

/** Name under which the sentinels know the servers. */
const MASTER = "verona";
const SENTINELS = 3;

/** Servers under Redis Sentinel. */
export interface WatchedRedis {
  readonly master: TestRedis;
  readonly replica: TestRedis;
  /** As nodes are told of them. */
  readonly settings: RedisSettings;
  end(): Promise<void>;
}

/** Starts them; the replica has all of its master's data, and every sentinel knows of it. @throws Error where Redis is not installed */
export async function startWatchedRedis(): Promise<WatchedRedis> {
  const command = find("redis");
  if (command === undefined) throw new Error(`Redis is not installed: ${hintOf("redis")}`);
  const ends: (() => Promise<void>)[] = [];
  const end = async () => {
    for (const one of ends.splice(0).reverse()) await one();
  };
  try {
    const master = await startRedis();
    ends.push(() => master.end());
    const replica = await startRedis([
      "--replicaof",
      "127.0.0.1",
      String(master.port),
      "--repl-diskless-sync-delay",
      "0",
    ]);
    ends.push(() => replica.end());
    await settled(replica.port, (client) => client.info("replication"), "master_link_status:up");
    const urls: string[] = [];
    for (let n = 0; n < SENTINELS; n++) {
      const { port, stop } = await startSentinel(command, master.port);
      ends.push(stop);
      urls.push(`redis://127.0.0.1:${port}`);
    }
    for (const url of urls)
      await settled(
        Number(new URL(url).port),
        async (client) =>
          String(await client.call("SENTINEL", "CKQUORUM", MASTER).catch(String)) + (await client.info()),
        `slaves=1,sentinels=${SENTINELS}`,
      );
    return { master, replica, settings: { urls, sentinel: { master: MASTER } }, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function startSentinel(command: string, master: number): Promise<{ port: number; stop: () => Promise<void> }> {
  const user = ordinaryUser("redis");
  const folder = temporaryFolder("sentinel", user);
  const port = await freePort();
  const file = join(folder, "sentinel.conf");
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${folder}`,
    `sentinel monitor ${MASTER} 127.0.0.1 ${master} 2`,
    `sentinel down-after-milliseconds ${MASTER} 1000`,
    `sentinel failover-timeout ${MASTER} 10000`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  // It writes what it learns into its configuration.
  if (user !== undefined) chownSync(file, user.uid, user.gid);
  const daemon: Daemon = await startDaemon({ command, args: [file, "--sentinel"], user, ready: /Sentinel ID is/i });
  return {
    port,
    async stop() {
      await daemon.stop("SIGKILL");
      removeFolder(folder);
    },
  };
}

/** Asks until the answer has that in it. */
async function settled(port: number, ask: (client: Redis) => Promise<string>, wanted: string): Promise<void> {
  const client = new Redis(port, "127.0.0.1");
  try {
    await until(wanted, async () => (await ask(client)).includes(wanted));
  } finally {
    client.disconnect();
  }
}
