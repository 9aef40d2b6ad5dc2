// Nodes that find their Redis by Redis Sentinel: they talk over it, and a failover costs them nothing.
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { Redis } from "ioredis";
import { pino } from "pino";
import { ClusterConfig, NodeConfig } from "../../contract/contract.ts";
import { ConfigError, check } from "../../contract/load.ts";
import { connectRedis } from "../../server/cluster/redis/connection.ts";
import { MeridianServer } from "../../server/index.ts";
import { freePort } from "../harness/children.ts";
import { needing } from "../harness/needing.ts";
import { parseTalk } from "../harness/parse-talk.ts";
import { startWatchedRedis, type WatchedRedis } from "../harness/redis-sentinel.ts";
import { runTalk } from "../harness/run-talk.ts";
import { Scene } from "../harness/scene.ts";
import { until } from "../harness/until.ts";

const log = pino({ level: "silent" });
const ends: (() => unknown)[] = [];
let redis: WatchedRedis;

const { describe: withRedis } = needing("redis");

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

withRedis("Redis Sentinel", () => {
  beforeAll(async () => {
    redis = await startWatchedRedis();
  }, 60_000);
  afterAll(() => redis.end());

  test.each(["messages", "presence", "resume-moved"])("%s", async (name) => {
    const text = readFileSync(join(import.meta.dirname, `../talks/cluster/${name}.talk`), "utf8");
    const talk = parseTalk(text, `${name}.talk`);
    for (const one of talk.cases) await runTalk(talk, one, new Scene({ redis: redis.settings }));
  });

  test("a name that the sentinels do not know is told", async () => {
    const config = ClusterConfig.parse({ redis: { ...redis.settings, sentinel: { master: "mantua" } } });
    await expect(connectRedis(config.redis, log)).rejects.toThrow(/cluster\.redis: .*does not answer/);
  }, 30_000);

  test("a failover that is told while the sentinels are asked ends no connection for good", async () => {
    const { redis: config } = ClusterConfig.parse({ redis: redis.settings });
    const connection = (await connectRedis(config, log)) as Redis;
    ends.push(async () => connection.disconnect());
    const { connector, stream } = connection as unknown as { connector: { disconnect(): void }; stream: Socket };
    // As who waits for failovers does, who is left of a connection that broke.
    connection.once("connecting", () => connector.disconnect());
    const ended = new Promise((resolve) => connection.once("end", resolve));
    const ready = new Promise((resolve) => connection.once("ready", resolve));
    stream.destroy();
    await ended;
    await ready;
    expect(await connection.ping()).toBe("PONG");
  });

  test("when the master dies the nodes go on with the other server, as the members they were", async () => {
    const [a, b] = [await startNode("a"), await startNode("b")];
    const members = [a.server.ports.bus.member, b.server.ports.bus.member];
    const taken: string[] = [];
    b.server.ports.bus.take("word", (_from, [word = ""], done) => {
      taken.push(word);
      done();
    });
    const say = (word: string) =>
      new Promise<void>((resolve, reject) =>
        a.server.ports.bus.send(members[1] as string, {
          kind: "word",
          fields: [word],
          confirmed: resolve,
          failed: reject,
        }),
      );
    await say("before");
    await redis.master.stop("SIGKILL");
    // Confirmed only once it has arrived, by the server that is master then.
    await say("after");
    expect(taken).toEqual(["before", "after"]);
    for (const { port } of [a, b]) await until("ready", async () => (await ready(port)) === 200, 60_000);
    expect([a.server.ports.bus.member, b.server.ports.bus.member]).toEqual(members);
    expect(a.server.ports.bus.others).toEqual([members[1]]);
  }, 120_000);
});

test("of Redis Cluster and Redis Sentinel one is used", () => {
  const mixed = { redis: { urls: ["redis://127.0.0.1"], cluster: true, sentinel: { master: "verona" } } };
  expect(() => check(NodeConfig, configOf("a", 0, mixed), "test")).toThrow(ConfigError);
});

function configOf(node: string, port: number, cluster: object): object {
  return {
    node,
    hosts: [{ domain: "verona.test" }],
    listeners: [{ kind: "metrics", port }],
    storage: { kind: "memory" },
    federation: { enabled: false },
    cluster,
  };
}

async function startNode(node: string): Promise<{ server: MeridianServer; port: number }> {
  const port = await freePort();
  const config = check(NodeConfig, configOf(node, port, { redis: redis.settings }), "test");
  const server = await MeridianServer.create(config, { log });
  ends.push(() => server.close());
  await server.listen();
  return { server, port };
}

async function ready(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { headers: { connection: "close" } });
  await response.text();
  return response.status;
}
