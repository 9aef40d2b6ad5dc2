// `npm start`: a world comes up, is linked, survives what happens to its processes, and leaves nothing behind.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { XmppClient } from "../../xmpp/client/client.ts";
import { until } from "../harness/until.ts";
import { pidsOf, type Running, type StartedWorld, saidOf, startWorld, temporaryFolder, whenGone } from "./command.ts";

const folder = temporaryFolder();
const open: Running[] = [];

afterEach(async () => {
  for (const running of open.splice(0)) {
    running.child.kill("SIGTERM");
    await running.ended;
  }
});
afterAll(() => folder.remove());

async function start(args: readonly string[]): Promise<{ running: Running; world: StartedWorld }> {
  const started = await startWorld(args);
  open.push(started.running);
  return started;
}

async function eventsOf(
  page: string,
): Promise<{ regions: { name: string; state: string }[]; links: { state: string }[] }> {
  const answer = await fetch(`${page}events`);
  const reader = answer.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!/^data: .*\n\n/m.test(text)) text += decoder.decode((await reader?.read())?.value);
  await reader?.cancel();
  return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "");
}

describe("a world of two regions", () => {
  let running: Running;
  let world: StartedWorld;

  beforeAll(async () => {
    ({ running, world } = await startWorld(["--regions", "2", "--data", folder.path]));
  }, 60_000);
  afterAll(async () => {
    running.child.kill("SIGKILL");
    await whenGone(pidsOf(world), 15_000);
  }, 30_000);

  test("every pair is linked when it is told", () => {
    expect(world.regions.map(({ name, linksUp }) => [name, linksUp])).toEqual([
      ["us", 1],
      ["eu", 1],
    ]);
    expect(world.links).toEqual([{ regions: ["us", "eu"], state: "up" }]);
  });

  test("a demo account logs in over TCP, with STARTTLS and the world's authority, and not with another password", async () => {
    const { readFileSync } = await import("node:fs");
    const account = world.accounts.find(({ region }) => region === "eu");
    const region = world.regions.find(({ name }) => name === "eu");
    const [local = "", domain = ""] = account?.jid.split("@") ?? [];
    const over = {
      kind: "tcp",
      host: "127.0.0.1",
      port: region?.ports.client ?? 0,
      authority: readFileSync(world.authority, "utf8"),
    } as const;
    const password = account?.password ?? "";
    const client = await XmppClient.logIn({ domain, local, password, resource: "t", over });
    expect(client.jid).toBe(`${account?.jid}/t`);
    client.close();
    const wrong = XmppClient.logIn({ domain, local, password: `${password}x`, resource: "t", over });
    await expect(wrong).rejects.toThrow("not-authorized");
  });

  test("a second start in the same folder names the process that has it", async () => {
    const second = await startWorld(["--regions", "2", "--data", folder.path]).catch((error: Error) => error);
    expect(second).toBeInstanceOf(Error);
    expect(String(second)).toContain("ended with 2");
    expect(String(second)).toContain(`process ${running.child.pid} runs a world in it`);
  });

  test("a node that dies is started again and linked again", async () => {
    const victim = world.regions[0];
    process.kill(victim?.nodes[0]?.pid ?? 0, "SIGKILL");
    await until(
      "nobody noticed",
      async () => (await eventsOf(world.page)).links.some((link) => link.state !== "up"),
      10_000,
    );
    await until(
      () => running.stderr(),
      async () => (await eventsOf(world.page)).links.every((link) => link.state === "up"),
      25_000,
    );
    // One line that it is away, one that it is back, and nothing beside them.
    expect(saidOf(running, "us")).toEqual([
      expect.stringMatching(/^us +away .*; it is started again after .*; its log: /),
      expect.stringMatching(/^us +back +after /),
    ]);
  }, 45_000);

  test("the page is for this machine: another name gets nothing, and no password leaves by a wrong one", async () => {
    const { request } = await import("node:http");
    const { port } = new URL(world.page);
    const status = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const asked = request({ host: "127.0.0.1", port, path: "/world.json", headers: { host } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        asked.on("error", reject).end();
      });
    expect(await status(`127.0.0.1:${port}`)).toBe(200);
    expect(await status(`localhost:${port}`)).toBe(200);
    expect(await status(`rebound.example:${port}`)).toBe(421);
    expect(await status("127.0.0.1:1")).toBe(421);
  });
});

test("killed without warning, the supervisor leaves no node behind", async () => {
  const kept = temporaryFolder();
  const { running, world } = await start(["--regions", "2", "--data", kept.path]);
  running.child.kill("SIGKILL");
  await whenGone(pidsOf(world), 15_000);
  kept.remove();
}, 60_000);

test("when npm is killed, nothing that it started is left", async () => {
  const kept = temporaryFolder();
  const { spawn } = await import("node:child_process");
  const args = ["start", "--silent", "--", "--json", "--port", "0", "--regions", "1", "--data", kept.path];
  const npm = spawn("npm", args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  for await (const part of npm.stdout.setEncoding("utf8")) {
    text += part;
    if (text.trimEnd().endsWith("}")) break;
  }
  const world = JSON.parse(text) as StartedWorld;
  npm.kill("SIGKILL");
  await whenGone(pidsOf(world), 20_000);
  kept.remove();
}, 60_000);

test("Ctrl-C drains every region, exits with 0, and the next start has the same accounts and ports", async () => {
  const kept = temporaryFolder();
  const args = ["--regions", "2", "--data", kept.path];
  const first = await start(args);
  first.running.child.kill("SIGINT");
  expect(await first.running.ended).toBe(0);
  await whenGone(pidsOf(first.world), 100);
  const second = await start(args);
  expect(second.world.accounts).toEqual(first.world.accounts);
  second.running.child.kill("SIGTERM");
  expect(await second.running.ended).toBe(0);
  const fresh = await start([...args, "--fresh"]);
  expect(fresh.world.accounts.map(({ jid }) => jid)).toEqual(first.world.accounts.map(({ jid }) => jid));
  expect(fresh.world.accounts).not.toEqual(first.world.accounts);
  fresh.running.child.kill("SIGINT");
  expect(await fresh.running.ended).toBe(0);
  kept.remove();
}, 90_000);

test("interrupted while it starts, it ends and leaves nothing", async () => {
  const kept = temporaryFolder();
  const { meridian } = await import("./command.ts");
  const running = meridian(["start", "--regions", "2", "--data", kept.path, "--port", "0"]);
  await until(
    () => running.stderr(),
    () => running.stderr().includes("Starting"),
    20_000,
  );
  running.child.kill("SIGINT");
  expect(await running.ended).toBe(130);
  kept.remove();
}, 45_000);
