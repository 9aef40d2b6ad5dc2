// What machines that watch a node are told from its first moment to its last: /livez and /readyz.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import pg from "pg";
import { pino } from "pino";
import { NodeConfig, type NodeConfigInput } from "../../contract/contract.ts";
import { check } from "../../contract/load.ts";
import { RedisUnavailable } from "../../server/cluster/redis/connection.ts";
import { MeridianServer } from "../../server/index.ts";
import { Waits } from "../../server/service/patience.ts";
import { StorageOpenError } from "../../server/storage/backend/backend.ts";
import { freePort } from "../harness/children.ts";
import { needing } from "../harness/needing.ts";
import { startPostgres } from "../harness/postgres.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";
import { until } from "../harness/until.ts";

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
    // Its client connects again within a second.
    await until("readiness", async () => (await asked(port, "/readyz")) === "200 ok");
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
  expect(error).toBeInstanceOf(RedisUnavailable);
  expect(error?.message).toContain(`127.0.0.1:${port} does not answer`);
  expect(error?.message).not.toContain("hidden");
});

withRedis(
  "not ready while Redis answers and takes no writes, and says why",
  async () => {
    const redis: TestRedis = await startRedis();
    ends.push(() => redis.end());
    const port = await freePort();
    const server = await MeridianServer.create(configOf(port, { cluster: { redis: { urls: [redis.url] } } }), { log });
    ends.push(() => server.close());
    await server.listen();
    const operator = new Redis(redis.url);
    ends.push(() => operator.disconnect());
    await operator.config("SET", "maxmemory", "1");
    expect(await asked(port, "/readyz")).toBe("503 the registry (Redis) takes no writes: its memory is full");
    await operator.config("SET", "maxmemory", "0");
    expect(await asked(port, "/readyz")).toBe("200 ok");
    // Of nothing, which is a master that does not answer.
    await operator.replicaof("127.0.0.1", String(await freePort()));
    expect(await asked(port, "/readyz")).toBe(
      "503 the registry (Redis) takes no writes: it is a replica, and read-only",
    );
    await operator.replicaof("NO", "ONE");
    await until("readiness", async () => (await asked(port, "/readyz")) === "200 ok");
  },
  60_000,
);

withRedis(
  "a node that starts while Redis hangs waits for it, says so in one line, and goes on",
  async () => {
    const redis: TestRedis = await startRedis();
    ends.push(() => redis.end());
    const { pid } = redis;
    const port = await freePort();
    const { lines, log } = listened();
    process.kill(pid, "SIGSTOP");
    ends.push(() => alive(pid) && process.kill(pid, "SIGCONT"));
    const config = configOf(port, { cluster: { redis: { urls: [redis.url] } } });
    const starting = MeridianServer.create(config, { log, patient: true });
    await lines.until((line) => line.includes("waiting for the registry (Redis)"));
    expect(await asked(port, "/readyz")).toBe("503 starting: waits for the registry (Redis)");
    expect(await asked(port, "/livez")).toBe("200 ok");
    process.kill(pid, "SIGCONT");
    const server = await starting;
    ends.push(() => server.close());
    await server.listen();
    expect(await asked(port, "/readyz")).toBe("200 ok");
    expect(lines.said.filter((line) => line.includes('"level":40') || line.includes('"level":50'))).toHaveLength(1);
  },
  60_000,
);

const { test: withPostgres } = needing("postgres");

withPostgres(
  "a database that is away or can only be read: a node waits for it at its start, and is not ready with it",
  async () => {
    const postgres = await startPostgres();
    ends.push(() => postgres.end());
    const url = await postgres.createDatabase("verona");
    const port = await freePort();
    const { lines, log } = listened();
    await postgres.stop("SIGQUIT");
    const starting = MeridianServer.create(configOf(port, { storage: { kind: "postgres", url } }), {
      log,
      patient: true,
    });
    await lines.until((line) => line.includes("waiting for the database"));
    expect(await asked(port, "/readyz")).toBe("503 starting: waits for the database");
    await postgres.start();
    const server = await starting;
    ends.push(() => server.close());
    await server.listen();
    expect(await asked(port, "/readyz")).toBe("200 ok");
    const waited = lines.said.filter((line) => line.includes('"level":40') || line.includes('"level":50'));
    expect(waited).toHaveLength(1);
    const operator = new pg.Client(url);
    await operator.connect();
    await operator.query("alter database verona set default_transaction_read_only = on");
    await operator.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = 'verona'",
    );
    await until("readiness", async () => (await asked(port, "/readyz")) === "503 the storage takes no writes");
    await operator.query("set default_transaction_read_only = off");
    await operator.query("alter database verona reset default_transaction_read_only");
    await operator.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = 'verona'",
    );
    await operator.end();
    await until("readiness", async () => (await asked(port, "/readyz")) === "200 ok");
  },
  90_000,
);

test("a mistake is no reason to wait", async () => {
  const waits = new Waits(true, log);
  const mistake = new StorageOpenError("storage x: password authentication failed", false, undefined);
  await expect(waits.until("the database", () => Promise.reject(mistake))).rejects.toBe(mistake);
  const away = new StorageOpenError("storage x: ECONNREFUSED", true, undefined);
  await expect(new Waits(false, log).until("the database", () => Promise.reject(away))).rejects.toBe(away);
  expect(waits.reason).toBeUndefined();
});

/** A log whose lines can be waited for. */
function listened() {
  const said: string[] = [];
  let heard = () => {};
  const log = pino(
    { level: "info" },
    {
      write(line: string) {
        said.push(line);
        heard();
      },
    },
  );
  const until = (wanted: (line: string) => boolean) =>
    new Promise<void>((resolve) => {
      heard = () => said.some(wanted) && resolve();
      heard();
    });
  return { log, lines: { said, until } };
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
