// Wrong options, busy ports, broken files: a clear message, exit code 2, nothing left running.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { run, temporaryFolder } from "./command.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

test.each([
  [["start", "--regions", "9"], "--regions 9: expected 1 to 7"],
  [["start", "--regions", "two"], "--regions <number>"],
  [["start", "--frobnicate"], "--frobnicate"],
  [["start", "--port", "70000"], "--port <port>"],
  [["start", "--world", "/nowhere/world.json"], "/nowhere/world.json:\n  cannot be read"],
  [["start", "--data", "/proc"], "--data /proc: the folder holds something else"],
  [["serve"], "--config <file>"],
  [["serve", "--config", "/nowhere/node.json"], "/nowhere/node.json:\n  cannot be read"],
  [["account", "add", "no-jid", "--config", "/nowhere"], "no-jid: expected an account"],
  [["frob"], "unknown command 'frob'"],
])("%j", async (args, message) => {
  const { code, stdout, stderr } = await run(args);
  expect(stderr).toContain(message);
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
