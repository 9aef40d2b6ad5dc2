// What machines that watch a node are told from its first moment to its last: /livez and /readyz.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { check, MeridianServer, NodeConfig, type NodeConfigInput } from "../../server/index.ts";
import { freePort } from "../harness/daemon.ts";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";

const log = pino({ level: "silent" });
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function configOf(port: number, more: Partial<NodeConfigInput> = {}): NodeConfig {
  const input: NodeConfigInput = {
    node: "n1",
    hosts: [{ domain: "verona.test" }],
    listeners: [{ kind: "metrics", port }],
    storage: { kind: "memory" },
    federation: { enabled: false },
    ...more,
  };
  return check(NodeConfig, input, "test");
}

async function asked(port: number, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } });
  return `${response.status} ${(await response.text()).trim()}`;
}

test("alive and not ready while it starts and while it drains; ready between", async () => {
  const port = await freePort();
  const server = await MeridianServer.create(configOf(port), { log });
  ends.push(() => server.close());
  expect(await asked(port, "/livez")).toBe("200 ok");
  expect(await asked(port, "/readyz")).toBe("503 starting");
  const listening = await server.listen();
  expect(listening).toMatchObject([{ kind: "metrics", port }]);
  expect(await asked(port, "/readyz")).toBe("200 ok");
  await server.drain();
  expect(await asked(port, "/livez")).toBe("200 ok");
  expect(await asked(port, "/readyz")).toBe("503 draining");
  await server.close();
  await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();
});

test("while a database does not answer the node is alive, and its start ends with the database's name", async () => {
  const connected: Socket[] = [];
  const silent = createServer((socket) => void connected.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  ends.push(() => {
    for (const socket of connected) socket.destroy();
    silent.close();
  });
  const address = silent.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const port = await freePort();
  const url = `postgres://meridian:secret@127.0.0.1:${address.port}/x`;
  const starting = MeridianServer.create(configOf(port, { storage: { kind: "postgres", url } }), { log });
  const outcome = expect(starting).rejects.toThrow(/127\.0\.0\.1/);
  await once(silent, "connection");
  expect(await asked(port, "/livez")).toBe("200 ok");
  expect(await asked(port, "/readyz")).toBe("503 starting");
  for (const socket of connected) socket.destroy();
  silent.close();
  await outcome;
  await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();
}, 30_000);

const { test: withRedis } = needing("redis");

withRedis(
  "not ready while Redis is away, ready again with it",
  async () => {
    const redis: TestRedis = await startRedis();
    ends.push(() => redis.end());
    const port = await freePort();
    const config = configOf(port, { cluster: { redis: { urls: [redis.url] } } });
    const server = await MeridianServer.create(config, { log });
    ends.push(() => server.close());
    await server.listen();
    expect(await asked(port, "/readyz")).toBe("200 ok");
    await redis.stop("SIGKILL");
    expect(await asked(port, "/readyz")).toBe("503 the registry (Redis) does not answer");
    expect(await asked(port, "/livez")).toBe("200 ok");
    await redis.start();
    // Its client connects again within a second; asking is what waits.
    const until = Date.now() + 30_000;
    while ((await asked(port, "/readyz")) !== "200 ok") expect(Date.now()).toBeLessThan(until);
  },
  60_000,
);

withRedis("a Redis that is not there at the start is named, without its password", async () => {
  const port = await freePort();
  const cluster = { redis: { urls: [`redis://meridian:hidden@127.0.0.1:${port}`] } };
  const starting = MeridianServer.create(configOf(await freePort(), { cluster }), { log });
  const error = await starting.then(
    () => undefined,
    (reason: Error) => reason,
  );
  expect(error?.name).toBe("RedisUnavailable");
  expect(error?.message).toContain(`127.0.0.1:${port} does not answer`);
  expect(error?.message).not.toContain("hidden");
});
