// Counts of sessions whose node died, told by a Redis that was promoted without the last writes.

import { afterEach, expect } from "@jest/globals";
import { pino } from "pino";
import { ClusterConfig } from "../../contract/contract.ts";
import { connectRedis, type RedisConnection } from "../../server/cluster/redis/connection.ts";
import { CountDoubts } from "../../server/cluster/sessions/count-doubts.ts";
import { HandledCounts } from "../../server/cluster/sessions/handled-counts.ts";
import { DOCUMENTS } from "../../server/documents/store.ts";
import { memoryStores } from "../../server/storage/memory/stores.ts";
import { systemClock } from "../../xmpp/clock.ts";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";

const servers: TestRedis[] = [];
const connections: RedisConnection[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.disconnect();
  await Promise.all(servers.splice(0).map((server) => server.end()));
});

async function redis(...settings: string[]): Promise<{ server: TestRedis; connection: RedisConnection }> {
  const server = await startRedis(settings);
  servers.push(server);
  const { redis } = ClusterConfig.parse({ redis: { urls: [server.url] } });
  const connection = await connectRedis(redis, pino({ level: "silent" }));
  connections.push(connection);
  return { server, connection };
}

needing("redis").test(
  "a replica promoted without the last count tells none, and those written to it again",
  async () => {
    const old = await redis();
    const replica = await redis("--replicaof", "127.0.0.1", String(old.server.port));
    const documents = memoryStores([DOCUMENTS]).of(DOCUMENTS);
    const node = ({ connection }: { connection: RedisConnection }) =>
      new HandledCounts({
        redis: connection,
        prefix: "p",
        member: () => "b~1",
        doubts: new CountDoubts(documents, systemClock),
      });
    // The first full copy begins a history of its own.
    while (!String(await replica.connection.info("replication")).includes("master_link_status:up"));
    const writer = node(old);
    void writer.note("s.b~1", 3);
    await writer.flush();
    expect(await old.connection.wait(1, 10_000)).toBe(1);
    expect(await node(old).of("s.b~1")).toBe(3);
    expect(await node(replica).of("s.b~1")).toBe(3);
    await replica.connection.replicaof("NO", "ONE");
    // Acknowledged at a master that the others have left by then.
    void writer.note("s.b~1", 4);
    await writer.flush();
    expect(await node(replica).of("s.b~1")).toBeUndefined();
    const next = node(replica);
    void next.note("s.b~1", 5);
    await next.flush();
    expect(await node(replica).of("s.b~1")).toBe(5);
  },
);
