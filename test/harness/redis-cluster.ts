// A Redis Cluster of three masters for a test, from the machine's binaries.
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { startRedis, type TestRedis } from "./redis.ts";

const MASTERS = 3;
const SLOTS = 16_384;
/** ms that they may take to agree. */
const AGREE_MS = 30_000;

/**
 * Starts three servers that share the slots, joined as `redis-cli --cluster create` would. One that is silent for
 * `nodeTimeout` ms is taken for failed by the others.
 * @throws Error where Redis is not installed, or they do not agree
 */
export async function startRedisCluster(nodeTimeout = 5000): Promise<TestRedis[]> {
  const settings = ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"];
  const servers: TestRedis[] = [];
  for (let n = 0; n < MASTERS; n += 1)
    servers.push(await startRedis([...settings, "--cluster-node-timeout", String(nodeTimeout)]));
  const clients = servers.map(({ url }) => new Redis(url));
  try {
    await join(servers, clients);
    return servers;
  } catch (error) {
    await Promise.all(servers.map((server) => server.end()));
    throw error;
  } finally {
    for (const client of clients) client.disconnect();
  }
}

async function join(servers: readonly TestRedis[], clients: readonly Redis[]): Promise<void> {
  const border = (at: number) => Math.floor((SLOTS * at) / MASTERS);
  for (const [at, client] of clients.entries()) {
    await client.call("CLUSTER", "ADDSLOTSRANGE", String(border(at)), String(border(at + 1) - 1));
    const { port, busPort } = servers[at] as TestRedis;
    if (at > 0) await clients[0]?.call("CLUSTER", "MEET", "127.0.0.1", String(port), String(busPort));
  }
  const end = Date.now() + AGREE_MS;
  for (const client of clients)
    for (;;) {
      const info = String(await client.call("CLUSTER", "INFO"));
      if (info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${MASTERS}`)) break;
      if (Date.now() > end) throw new Error(`Redis Cluster does not agree:\n${info}`);
      await sleep(20);
    }
}
