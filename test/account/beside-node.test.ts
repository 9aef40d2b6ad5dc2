// `meridian account` as an operator runs it: beside a running node, and on the store of one that does not run.
import { writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "@jest/globals";
import { meridian, type Running, run, temporaryFolder } from "../world/command.ts";
import { plainClient } from "./plain-client.ts";

const DOMAIN = "bücher.test";
const PASSWORD = "a long password";

let folder: ReturnType<typeof temporaryFolder>;
let config: string;
let node: Running | undefined;
const sockets: Socket[] = [];

beforeEach(() => {
  folder = temporaryFolder();
  config = join(folder.path, "node.json");
  write();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  node?.child.kill("SIGKILL");
  await node?.ended;
  node = undefined;
  folder.remove();
});
afterAll(() => {
  node?.child.kill("SIGKILL");
});

/** A configuration with a metrics listener on a port that may be taken; hosts as an operator may write them. */
function write(metricsPort = 0, more: object = {}): void {
  writeFileSync(
    config,
    JSON.stringify({
      node: "n1",
      hosts: [{ domain: "XN--Bcher-kva.Test.", modules: { register: {} } }],
      listeners: [
        { kind: "c2s", port: 0, tls: "none" },
        { kind: "metrics", port: metricsPort },
      ],
      storage: { kind: "sqlite", file: join(folder.path, "node.sqlite") },
      authentication: { requireTls: false, plainWithoutTls: true, scramIterations: 4096 },
      federation: { enabled: false },
      ...more,
    }),
  );
}

interface Listener {
  readonly kind: string;
  readonly port: number;
}

/** Starts the node; its ports by kind of listener. */
async function start(): Promise<Record<string, number>> {
  node = meridian(["serve", "--config", config]);
  const listeners = await node.whenOutput((text) => {
    const line = text.split("\n").find((one) => one.includes('"msg":"ready"'));
    return line === undefined ? undefined : (JSON.parse(line) as { listeners: Listener[] }).listeners;
  });
  return Object.fromEntries(listeners.map(({ kind, port }) => [kind, port]));
}

const account = (...args: string[]) => run(["account", ...args, "--config", config], { input: `${PASSWORD}\n` });

const logIn = (port: number, local: string) =>
  plainClient(port, { domain: DOMAIN, local, password: PASSWORD }, sockets);

test("every command works beside a running node, and what it changes holds there at once", async () => {
  const { c2s = 0, metrics = 0 } = await start();
  write(metrics); // the port the node has taken
  const romeo = `Romeo@${DOMAIN}`;
  expect(await account("add", romeo)).toMatchObject({ code: 0, stdout: `romeo@${DOMAIN} made\n`, stderr: "" });
  expect(await account("add", romeo)).toMatchObject({ code: 1, stderr: `romeo@${DOMAIN} exists already\n` });
  expect(await account("list")).toMatchObject({ code: 0, stdout: `romeo@${DOMAIN}\n` });

  const kicked = await logIn(c2s, "romeo");
  expect(await account("kick", romeo)).toMatchObject({ code: 0, stdout: `romeo@${DOMAIN}: 1 session ended\n` });
  expect(await kicked.ended).toContain("ended by an administrator");

  const changed = await logIn(c2s, "romeo");
  expect(await account("password", romeo)).toMatchObject({ code: 0, stdout: `romeo@${DOMAIN} changed\n` });
  expect(await changed.ended).toContain("the password was changed");

  const shut = await logIn(c2s, "romeo");
  expect(await account("disable", romeo)).toMatchObject({ code: 0, stdout: `romeo@${DOMAIN} disabled\n` });
  expect(await shut.ended).toContain("the account is disabled");
  expect((await logIn(c2s, "romeo")).answer).toContain("<account-disabled/>");
  expect(await account("enable", romeo)).toMatchObject({ code: 0 });

  const removed = await logIn(c2s, "romeo");
  expect(await account("delete", romeo, "--json")).toMatchObject({ code: 0 });
  expect(await removed.ended).toContain("the account is gone");
  expect(await account("delete", romeo)).toMatchObject({ code: 1, stderr: `there is no account romeo@${DOMAIN}\n` });
}, 240_000);

test("without a node the store alone is used: no listener is opened and no cluster is joined", async () => {
  const nobody = { redis: { urls: ["redis://127.0.0.1:1"] } };
  const { createServer } = await import("node:net");
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  write((taken.address() as { port: number }).port, { cluster: nobody });
  try {
    expect(await account("add", `romeo@${DOMAIN}`, "--generate")).toMatchObject({ code: 0, stderr: "" });
    expect(await account("disable", `romeo@${DOMAIN}`)).toMatchObject({ code: 0, stderr: "" });
    expect(await account("kick", `romeo@${DOMAIN}`)).toMatchObject({
      code: 1,
      stderr: "no node runs with this configuration: nobody is connected\n",
    });
    expect(await account("delete", `romeo@${DOMAIN}`)).toMatchObject({ code: 0, stderr: "" });
  } finally {
    taken.close();
  }
}, 240_000);

test.each(["with a node", "without one"])(
  "the password policy holds %s",
  async (where) => {
    if (where === "with a node") await start();
    const told = await run(["account", "add", `romeo@${DOMAIN}`, "--config", config], { input: "short\n" });
    expect(told).toMatchObject({ code: 2, stdout: "", stderr: "a password has at least 8 characters\n" });
  },
  60_000,
);
