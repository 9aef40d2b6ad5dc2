// Wrong options, busy ports, broken files: a clear message, exit code 2, nothing left running.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { nodeFileIn, run, temporaryFolder } from "./command.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const nodeFile = (name: string, more: object) => nodeFileIn(folder.path, name, more);

test.each([
  [["start", "--regions", "9"], "--regions 9: expected 1 to 7"],
  [["start", "--regions", "two"], "--regions <number>"],
  [["start", "--frobnicate"], "--frobnicate"],
  [["start", "--port", "70000"], "--port <port>"],
  [["start", "--world", "/nowhere/world.json"], "/nowhere/world.json:\n  cannot be read"],
  [["start", "--data", "/proc"], "--data /proc: the folder holds something else"],
  [["start", "--nodes", "0"], "--nodes <number>"],
  [["start", "--nodes", "21"], "--nodes 21: expected 1 to 20"],
  [["start", "--redis", "http://127.0.0.1:1"], "--redis http://127.0.0.1:1/: expected redis://host:port or rediss://"],
  [["start", "--redis", "redis:secret"], "--redis redis:secret: expected redis://host:port"],
  [["start", "--postgres", "mysql://u:secret@127.0.0.1"], "--postgres mysql://u@127.0.0.1: expected postgres://host"],
  [["serve"], "--config <file>"],
  [["serve", "--config", "/nowhere/node.json"], "/nowhere/node.json:\n  cannot be read"],
  [["account", "add", "no-jid", "--config", "/nowhere"], "no-jid: expected an account"],
  [["s2s", "test", "@@", "--config", "/nowhere"], "@@: expected a domain"],
  [["s2s", "reset", "a@b.test", "--config", "/nowhere"], "a@b.test: expected a domain"],
  [["frob"], "unknown command 'frob'"],
])("%j", async (args, message) => {
  const { code, stdout, stderr } = await run(args);
  expect(stderr).toContain(message);
  expect([code, stdout]).toEqual([2, ""]);
});

test("programs that are missing: what they are called, and the command that installs all of them", async () => {
  const env = { MERIDIAN_PROGRAMS: folder.path };
  const all = await run(["start", "--nodes", "3"], { env });
  expect(all).toMatchObject({ code: 2, stdout: "" });
  expect(all.stderr).toContain("--nodes 3 needs HAProxy, Redis (or Valkey), and PostgreSQL");
  expect(all.stderr).toContain("apt-get install -y haproxy redis-server postgresql\n");
  const given = await run(["start", "--nodes", "3", "--redis", "redis://h:1", "--postgres", "postgres://h:1"], { env });
  expect(given.stderr).toContain("--nodes 3 needs HAProxy, which");
  expect(given.stderr).toContain("apt-get install -y haproxy\n");
});

test.each([
  ["--redis", "redis://:secret@127.0.0.1:1", "redis://127.0.0.1:1"],
  ["--postgres", "postgres://u:secret@127.0.0.1:1/x", "postgres://u@127.0.0.1:1/x"],
])("%s where nobody answers: option, URL and reason, and no password", async (option, url, shown) => {
  const { code, stdout, stderr } = await run([
    "start",
    option,
    url,
    "--port",
    "0",
    "--data",
    join(folder.path, "away"),
  ]);
  expect(stderr).toContain(`${option} ${shown}: `);
  expect(stderr).toContain("ECONNREFUSED");
  expect(stderr).not.toContain("secret");
  expect([code, stdout]).toEqual([2, ""]);
});

test("a broken world file: every mistake with its path and what is allowed", async () => {
  const file = join(folder.path, "broken.json");
  writeFileSync(
    file,
    JSON.stringify({ name: "w1", domains: { global: "w.test" }, regions: [{ name: "EU", wave: 0 }] }),
  );
  const { code, stderr } = await run(["start", "--world", file]);
  expect(stderr).toContain("regions[0].name: 2 to 12 of a-z");
  expect(stderr).toContain("regions[0].location:");
  expect(stderr).toContain("regions[0].wave: a wave is a whole number from 1");
  expect(code).toBe(2);
});

test("a node that cannot have all it asks for ends by itself, whatever listens already", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const busy = nodeFile("busy", {
    listeners: [
      { kind: "s2s", port: 0 },
      { kind: "c2s", port, tls: "none" },
    ],
  });
  expect(await run(["serve", "--config", busy])).toMatchObject({
    code: 2,
    stderr: `listeners[1].port: 127.0.0.1 port ${port} is in use by another process\n`,
  });
  other.close();
  const unsafe = nodeFile("unsafe", { adminSocket: "/tmp/meridian-wrong-use.sock" });
  const { code, stderr } = await run(["serve", "--config", unsafe]);
  expect(stderr).toMatch(/^adminSocket: \/tmp .*\n$/);
  expect(code).toBe(1);
});

test("a test of the way to a domain of one's own, however it is written, says that there is none", async () => {
  const { code, stderr } = await run(["s2s", "test", "A.Test.", "--config", nodeFile("own", {})]);
  expect([code, stderr]).toEqual([2, "a.test is served here: nothing for it leaves this node\n"]);
});

test("a busy port: its number and who has it", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await run(["start", "--port", String(port), "--data", join(folder.path, "busy")]);
  expect(stderr).toContain(`--port ${port}: the port is in use by process ${process.pid} (`);
  expect(code).toBe(2);
  server.close();
});

test("a folder that holds another world", async () => {
  const data = join(folder.path, "other");
  const first = await run(["start", "--check", "--regions", "1", "--data", data]);
  expect(first.code).toBe(0);
  const { code, stderr } = await run(["start", "--regions", "7", "--data", data]);
  expect(stderr).toContain("it holds the world local-3 (meridian.test), not seven-continents");
  expect(code).toBe(2);
}, 60_000);
