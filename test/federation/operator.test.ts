// What an operator does with a running node: the socket nobody else can open, and the commands that talk to it.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type AdminTarget, listenForAdmin } from "../../app/admin/listener.ts";
import { adminSocketFor, adminSocketPath } from "../../app/admin/socket-path.ts";
import { FederationConfig } from "../../contract/contract.ts";
import type { Federation } from "../../federation/index.ts";
import type { TraceListener } from "../../federation/way/trace.ts";
import { Ground, type TestNode } from "./nodes.ts";

const run = promisify(execFile);
const main = join(import.meta.dirname, "../../app/cli/main.ts");

let ground: Ground;
let a: TestNode;
let b: TestNode;
let file: string;
let admin: { close(): Promise<void> };
let reloads = 0;

beforeAll(async () => {
  ground = await Ground.lay();
  a = await ground.node("a.test");
  b = await ground.node("b.test");
  chmodSync(ground.folder, 0o700);
  const adminSocket = join(ground.folder, "a.sock");
  file = join(ground.folder, "a.json");
  const config = { ...a.config, adminSocket };
  writeFileSync(file, JSON.stringify(config));
  const target: AdminTarget = {
    federation: a.federation,
    domains: ["a.test"],
    reload: () => {
      reloads++;
    },
  };
  admin = await listenForAdmin(adminSocketPath(config), target);
});

afterAll(async () => {
  await admin.close();
  await ground.clear();
});

/** Runs a command. @throws what execFile throws on an exit code other than 0 */
async function meridian(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [main, "s2s", ...args, "--config", file]);
  return stdout;
}

test("only the node's own user can open the socket", async () => {
  expect(statSync(join(ground.folder, "a.sock")).mode & 0o777).toBe(0o600);
  const open = join(ground.folder, "open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  const target = { federation: undefined, domains: [], reload: () => {} };
  await expect(listenForAdmin(join(open, "x.sock"), target)).rejects.toThrow("may be written by other users");
  await expect(listenForAdmin(join(ground.folder, "a.sock"), target)).rejects.toThrow(
    "another node has the admin socket",
  );
  writeFileSync(join(ground.folder, "file"), "");
  await expect(listenForAdmin(join(ground.folder, "file"), target)).rejects.toThrow("is no socket");
});

test("by default the socket is beside the database, or in a folder of the user's own", () => {
  const sqlite = { ...a.config, storage: { kind: "sqlite", file: "/data/store.db", synchronous: "normal" } } as const;
  expect(adminSocketPath(sqlite)).toBe("/data/a.test.sock");
  expect(adminSocketPath(a.config)).toMatch(/meridian-\d+\/local-a\.test\.sock$/);
  const long = { ...sqlite, storage: { ...sqlite.storage, file: `/${"long/".repeat(30)}store.db` } };
  expect(adminSocketPath(long).length).toBeLessThan(100);
});

(process.getuid?.() === 0 ? test : test.skip)("root's commands find the node of the configuration's owner", () => {
  const uid = 54_321;
  const own = join(tmpdir(), `meridian-${uid}`);
  const file = join(ground.folder, "node.json");
  const config = { ...a.config, node: "of-another-user" };
  writeFileSync(file, "{}");
  chownSync(file, uid, uid);
  mkdirSync(own);
  try {
    const socket = join(own, "local-of-another-user.sock");
    writeFileSync(socket, "");
    // A folder that somebody else made in that user's name is not looked in: passwords go through the socket.
    expect(adminSocketFor(config, file)).toBe(adminSocketPath(config));
    chownSync(own, uid, uid);
    expect(adminSocketFor(config, file)).toBe(socket);
    rmSync(socket);
    expect(adminSocketFor(config, file)).toBe(adminSocketPath(config));
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
});

test("test: every step of a way that works", async () => {
  const text = await meridian("test", "b.test");
  expect(text).toContain("✓ resolution: h.b.test port");
  expect(text).toContain("✓ certificate: proves the domain (dNSName)");
  expect(text).toContain("✓ authentication: stanzas get through (both ways on one stream, acknowledged and resumable)");
  expect(text).toContain("b.test can be reached");
});

test("test: where it breaks and what to do, exit code 1", async () => {
  ground.announce("down.test", 1);
  const failure = meridian("test", "down.test");
  await expect(failure).rejects.toMatchObject({ code: 1 });
  await expect(failure).rejects.toMatchObject({
    stdout: expect.stringMatching(/✗ connection: no server of down\.test[\s\S]*nothing listens on that port/),
  });
  await expect(meridian("test", "nowhere.test", "--json")).rejects.toMatchObject({
    stdout: expect.stringContaining('"step": "resolution"'),
  });
  await expect(meridian("test", "b.test", "--from", "c.test")).rejects.toMatchObject({ code: 2 });
});

test("test without a running node, from the configuration alone", async () => {
  const text = await meridian("test", "b.test", "--local");
  expect(text).toContain("testing from this process");
  expect(text).toContain("b.test can be reached");
});

test("status, reset, reload", async () => {
  a.send(`y@${b.service}`, "Hark");
  await b.until(() => b.received.length === 1, "the message");
  expect(await meridian("status")).toMatch(/svc\.a\.test → svc\.b\.test: up by external/);
  expect(JSON.parse(await meridian("status", "svc.b.test", "--json"))).toMatchObject({ outgoing: [{ state: "up" }] });
  ground.announce("svc.down.test", 1);
  a.send("y@svc.down.test", "lost");
  await a.until(() => a.received.length === 1, "the message given back");
  // The first wait is drawn at random, and may be over by now.
  const resting = /svc\.down\.test: (?:backing off, next attempt in \d+ s|idle)\n +no server of/;
  expect(await meridian("status", "svc.down.test")).toMatch(resting);
  await meridian("reset", "svc.down.test");
  expect(await meridian("status", "svc.down.test")).toMatch(/svc\.down\.test: idle\nincoming/);
  await expect(meridian("reset", "unknown.test")).rejects.toMatchObject({ code: 1 });
  await meridian("reload");
  expect(reloads).toBe(1);
});

test("trace tells what happens until it is stopped", async () => {
  const child = execFile(process.execPath, [main, "s2s", "trace", "svc.b.test", "--config", file]);
  let text = "";
  child.stdout?.on("data", (part: string) => {
    text += part;
  });
  await a.until(() => {
    a.send(`y@${b.service}`, "Again");
    return text.includes("stanza out");
  }, "a traced stanza");
  child.kill();
  expect(text).toMatch(/svc\.b\.test stanza out kind=message type=chat from=x@svc\.a\.test to=y@svc\.b\.test/);
});

test("who watches and does not read is told later how much was left out, and costs no more", async () => {
  const socket = join(ground.folder, "busy.sock");
  let tell: TraceListener = () => {};
  const federation = {
    watch(_domain: string, listener: TraceListener) {
      tell = listener;
      return () => {};
    },
  } as unknown as Federation;
  const busy = await listenForAdmin(socket, { federation, domains: [], reload() {} });
  const asked = request({ socketPath: socket, path: "/s2s/trace", method: "GET" }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const event = (n: number) => ({ at: n, domain: "b.test", event: "stanza out", facts: { id: "x".repeat(1_000) } });
  for (let n = 0; n < 50_000; n++) tell(event(n));
  let text = "";
  response.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  // Whatever was kept has been read once an event comes through again.
  while (!text.includes("left out")) {
    tell(event(50_000));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const lines = text.split("\n");
  expect(lines.filter((line) => line.includes('"stanza out"')).length).toBeLessThan(30_000);
  response.destroy();
  await busy.close();
});

test("no node: told in one line, exit code 1", async () => {
  const other = join(ground.folder, "other.json");
  writeFileSync(other, JSON.stringify({ ...a.config, adminSocket: join(ground.folder, "none.sock") }));
  const status = run(process.execPath, [main, "s2s", "status", "--config", other]);
  await expect(status).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("no node runs") });
  expect(existsSync(join(ground.folder, "none.sock"))).toBe(false);
});

test("a node that runs takes on other policies at SIGHUP, and keeps the old ones where the file is wrong", async () => {
  const config = join(ground.folder, "c.json");
  const write = (policies: unknown) => {
    const { federation } = a.config;
    const listeners = [{ kind: "s2s", port: 0 }];
    const adminSocket = join(ground.folder, "c.sock");
    writeFileSync(
      config,
      JSON.stringify({ ...a.config, adminSocket, listeners, federation: { ...federation, policies } }),
    );
  };
  write([]);
  const node = spawn(process.execPath, [join(import.meta.dirname, "../../app/main.ts"), "serve", "--config", config]);
  let log = "";
  node.stdout.on("data", (part: Buffer) => {
    log += part.toString();
  });
  const said = (text: string) => a.until(() => log.includes(text), text);
  await said('"ready"');
  const asks = () => run(process.execPath, [main, "s2s", "test", "b.test", "--config", config]);
  expect((await asks()).stdout).toContain("b.test can be reached");
  write([{ domains: ["b.test"], refuse: true }]);
  node.kill("SIGHUP");
  await said("configuration reloaded");
  await expect(asks()).rejects.toMatchObject({
    stdout: expect.stringContaining("✗ policy: policies[0] refuse b.test"),
  });
  writeFileSync(config, "{");
  node.kill("SIGHUP");
  await said("configuration not reloaded: the old one stays");
  // A mistake of who runs it: all that is wrong, and no stack.
  const mistaken = () => log.split("\n").filter((line) => line.includes("configuration not reloaded"));
  expect(mistaken().map((line) => Object.keys(JSON.parse(line)))).toEqual([expect.not.arrayContaining(["err"])]);
  expect(mistaken()[0]).toContain("is not JSON");
  const ended = once(node, "exit");
  node.kill("SIGTERM");
  await ended;
});

test("settings are checked whole before any is taken on", () => {
  const wrong = FederationConfig.safeParse({ policies: [{ domains: ["x"], maxStreams: 0, colour: "red" }] });
  expect(wrong.success).toBe(false);
});
