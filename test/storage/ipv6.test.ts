// Databases and Redis by IPv6 literals, which stand in brackets in a URL (RFC 3986 §3.2.2): real servers on ::1.
import { networkInterfaces } from "node:os";
import { expect } from "@jest/globals";
import { Redis } from "ioredis";
import { Databases } from "../../app/local-world/databases.ts";
import { checkRedis } from "../../app/local-world/given-redis.ts";
import { NodeConfig } from "../../contract/contract.ts";
import { check } from "../../contract/load.ts";
import { connectRedis } from "../../server/cluster/redis/connection.ts";
import { DOCUMENTS } from "../../server/documents/store.ts";
import { createLog } from "../../server/observe/log.ts";
import { openStorage } from "../../server/stores.ts";
import { startMariadb } from "../harness/mariadb.ts";
import { unless } from "../harness/needing.ts";
import { startPostgres } from "../harness/postgres.ts";
import { startRedis } from "../harness/redis.ts";
import { until } from "../harness/until.ts";

const PATIENCE = 60_000;
const has = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));

/** A configuration, as a node would have it. */
function configOf(more: object): NodeConfig {
  const least = {
    node: "n",
    hosts: [{ domain: "a.test" }],
    listeners: [{ kind: "c2s", port: 0 }],
    storage: { kind: "memory" },
    federation: { enabled: false },
  };
  return check(NodeConfig, { ...least, ...more }, "test");
}

async function keeps(storage: NodeConfig["storage"]): Promise<void> {
  const opened = await openStorage(storage);
  try {
    await opened.of(DOCUMENTS).put({ domain: "a.test", local: "x", kind: "kind", key: "key", text: "text" });
    expect(await opened.of(DOCUMENTS).get("a.test", "x", "kind", "key")).toBe("text");
  } finally {
    await opened.close();
  }
}

const reason = has ? undefined : "no ::1 on this machine";

unless(reason, "postgres").test(
  "PostgreSQL, of a node and of the local world",
  async () => {
    const server = await startPostgres({ settings: ["listen_addresses=127.0.0.1,::1"] });
    try {
      const url = (await server.createDatabase("six")).replace("127.0.0.1", "[::1]");
      await keeps(configOf({ storage: { kind: "postgres", url } }).storage);
      const databases = new Databases(url, { world: "w", base: "b" });
      await databases.check();
      await databases.make(["eu"], { fresh: true });
      await keeps(configOf({ storage: { kind: "postgres", url: databases.urlOf("eu") } }).storage);
    } finally {
      await server.end();
    }
  },
  PATIENCE,
);

unless(reason, "mariadb").test(
  "MariaDB",
  async () => {
    const server = await startMariadb({ addresses: "127.0.0.1,::1" });
    try {
      const url = (await server.createDatabase("six")).replace("127.0.0.1", "[::1]");
      await keeps(configOf({ storage: { kind: "mysql", url } }).storage);
    } finally {
      await server.end();
    }
  },
  PATIENCE,
);

unless(reason, "redis").test.each([false, true])(
  "Redis, as a cluster: %p",
  async (cluster) => {
    const server = await startRedis([
      "--bind",
      "::1",
      ...(cluster ? ["--cluster-enabled", "yes", "--cluster-announce-ip", "::1"] : []),
    ]);
    const url = `redis://[::1]:${server.port}`;
    const redis = { urls: [url], cluster };
    const log = createLog("silent", { region: "r", node: "n" });
    try {
      expect(await checkRedis(url)).toEqual({ cluster });
      const { cluster: given } = configOf({ cluster: { redis } });
      if (given === undefined) throw new Error("no cluster");
      if (cluster) await addSlots(server.port);
      const connection = await connectRedis(given.redis, log);
      await connection.set("{t}:six", "6");
      expect(await connection.get("{t}:six")).toBe("6");
      connection.disconnect();
    } finally {
      await server.end();
    }
  },
  PATIENCE,
);

/** Has one server alone answer for every key. */
async function addSlots(port: number): Promise<void> {
  const redis = new Redis({ host: "::1", port });
  await redis.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  await until("Redis Cluster is whole", async () => (await redis.cluster("INFO")).includes("cluster_state:ok"));
  redis.disconnect();
}
