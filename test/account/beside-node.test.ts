// `meridian account` as an operator runs it: beside a running node, and on the store of one that does not run.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "@jest/globals";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";
import { run, temporaryFolder } from "../world/command.ts";
import { OperatedNode } from "./node.ts";

const DOMAIN = "bücher.test";

let node: OperatedNode;

beforeEach(() => {
  node = new OperatedNode(DOMAIN, settings());
});
afterEach(() => node.end());
afterAll(() => node.kill());

/** A metrics listener on a port that may be taken; the host as an operator may write it. */
function settings(metricsPort = 0, more: object = {}): object {
  return {
    hosts: [{ domain: "XN--Bcher-kva.Test.", modules: { register: {} } }],
    listeners: [
      { kind: "c2s", port: 0, tls: "none" },
      { kind: "metrics", port: metricsPort },
    ],
    ...more,
  };
}

/** What a command says that went to the store. */
const IN_STORE =
  /^no node answers at \S+\.sock: this was done in the store alone, and sessions at nodes elsewhere go on\n/;

const account = (...args: string[]) => node.run("account", ...args);

test("every command works beside a running node, and what it changes holds there at once", async () => {
  const { c2s = 0, metrics = 0 } = await node.start();
  node.write(settings(metrics)); // the port the node has taken
  const romeo = `Romeo@${DOMAIN}`;
  expect(await account("add", romeo)).toMatchObject({ code: 0, stdout: `romeo@${DOMAIN} made\n`, stderr: "" });
  expect(await account("add", romeo)).toMatchObject({ code: 1, stderr: `romeo@${DOMAIN} exists already\n` });
  expect(await account("list")).toMatchObject({ code: 0, stdout: `romeo@${DOMAIN}\n` });

  const kicked = await node.logIn(c2s, "romeo");
  expect(await account("kick", romeo)).toMatchObject({ code: 0, stdout: `romeo@${DOMAIN}: 1 session ended\n` });
  expect(await kicked.ended).toContain("ended by an administrator");

  const changed = await node.logIn(c2s, "romeo");
  expect(await account("password", romeo)).toMatchObject({ code: 0, stdout: `romeo@${DOMAIN} changed\n` });
  expect(await changed.ended).toContain("the password was changed");

  const shut = await node.logIn(c2s, "romeo");
  expect(await account("disable", romeo)).toMatchObject({ code: 0, stdout: `romeo@${DOMAIN} disabled\n` });
  expect(await shut.ended).toContain("the account is disabled");
  await expect(node.logIn(c2s, "romeo")).rejects.toThrow("account-disabled");
  expect(await account("enable", romeo)).toMatchObject({ code: 0 });

  const removed = await node.logIn(c2s, "romeo");
  expect(await account("delete", romeo, "--json")).toMatchObject({ code: 0 });
  expect(await removed.ended).toContain("the account is gone");
  expect(await account("delete", romeo)).toMatchObject({ code: 1, stderr: `there is no account romeo@${DOMAIN}\n` });
}, 240_000);

test("without a node the store alone is used: no listener is opened and no cluster is joined", async () => {
  const nobody = { redis: { urls: ["redis://127.0.0.1:1"] } };
  const { createServer } = await import("node:net");
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  node.write(settings((taken.address() as { port: number }).port, { cluster: nobody }));
  try {
    const untold = await account("add", `romeo@${DOMAIN}`, "--generate");
    expect(untold).toMatchObject({ code: 2, stdout: "" });
    expect(untold.stderr).toMatch(/^whether nodes of the cluster run cannot be told \(.*redis:\/\/.*--store .*\n$/);
    const alone = { code: 0, stderr: expect.stringMatching(IN_STORE) };
    expect(await account("add", `romeo@${DOMAIN}`, "--generate", "--store")).toMatchObject(alone);
    expect(await account("disable", `romeo@${DOMAIN}`, "--store")).toMatchObject(alone);
    expect(await account("list")).toMatchObject({ code: 0, stdout: `romeo@${DOMAIN}\n`, stderr: "" });
    expect(await account("kick", `romeo@${DOMAIN}`)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^no node answers at .*\.sock: nobody's session can be ended from here\n$/),
    });
    expect(await account("delete", `romeo@${DOMAIN}`, "--store")).toMatchObject(alone);
  } finally {
    taken.close();
  }
}, 240_000);

/** The socket of a node is then in the folder for temporary files, which is not everybody's the same. */
function farFromStore(more: object = {}): object {
  const folder = join(dirname(node.config), "s".repeat(100));
  mkdirSync(folder, { recursive: true });
  return settings(0, { storage: { kind: "sqlite", file: join(folder, "node.sqlite") }, ...more });
}

test("a node that is not found is no secret: what is done in the store alone says so", async () => {
  node.write(farFromStore());
  const elsewhere = temporaryFolder();
  try {
    await node.start();
    const args = ["account", "add", `romeo@${DOMAIN}`, "--config", node.config];
    const there = await run(args, { input: "a long password\n" });
    expect(there).toMatchObject({ code: 0, stderr: "" });
    const env = { TMPDIR: elsewhere.path };
    const lost = await run(["account", "disable", `romeo@${DOMAIN}`, "--config", node.config], { env });
    expect(lost).toMatchObject({ code: 0, stdout: `romeo@${DOMAIN} disabled\n` });
    expect(lost.stderr).toMatch(IN_STORE);
    expect(lost.stderr).toContain(elsewhere.path);
  } finally {
    elsewhere.remove();
  }
}, 60_000);

needing("redis").test(
  "nodes of the cluster that run and are not found are not gone behind, unless that is asked for",
  async () => {
    const elsewhere = temporaryFolder();
    const redis: TestRedis = await startRedis();
    try {
      node.write(farFromStore({ cluster: { redis: { urls: [redis.url] }, leaseSeconds: 30 } }));
      await node.start();
      const env = { TMPDIR: elsewhere.path };
      const add = (...more: string[]) =>
        run(["account", "add", `romeo@${DOMAIN}`, "--generate", "--config", node.config, ...more], { env });
      const refused = await add();
      expect(refused).toMatchObject({ code: 2, stdout: "" });
      expect(refused.stderr).toMatch(/^nodes of the cluster run \(n1\): no node answers at .*--store .*\n$/);
      node.kill();
      expect(await add("--store")).toMatchObject({ code: 0, stderr: expect.stringMatching(IN_STORE) });
    } finally {
      await redis.end();
      elsewhere.remove();
    }
  },
  60_000,
);

test.each(["with a node", "without one"])(
  "the password policy holds %s",
  async (where) => {
    if (where === "with a node") await node.start();
    const told = await run(["account", "add", `romeo@${DOMAIN}`, "--config", node.config], { input: "short\n" });
    expect(told).toMatchObject({ code: 2, stdout: "", stderr: "a password has at least 8 characters\n" });
  },
  60_000,
);
