// `meridian account` as an operator runs it: beside a running node, and on the store of one that does not run.
import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "@jest/globals";
import { meridian, type Running, run, temporaryFolder } from "../world/command.ts";

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

/** Logs in with PLAIN; what the server answered, and its end as it comes. */
async function logIn(port: number, local: string): Promise<{ answer: string; ended: Promise<string> }> {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  let text = "";
  const look: (() => void)[] = [];
  socket.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    for (const one of [...look]) one();
  });
  const until = (found: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const check = () => found.test(text) && resolve(text);
      look.push(check);
      socket.once("close", () => reject(new Error(`ended before ${found}: ${text}`)));
      check();
    });
  const header = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='${DOMAIN}' version='1.0'>`;
  const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
  socket.write(header);
  await until(/<\/stream:features>/);
  const initial = Buffer.from(`\0${local}\0${PASSWORD}`).toString("base64");
  socket.write(`<auth xmlns='${sasl}' mechanism='PLAIN'>${initial}</auth>`);
  const answer = await until(/<success|<\/failure>/);
  const ended = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  if (!answer.includes("<success")) return { answer, ended };
  socket.write(`${header}<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`);
  await until(/<jid>/);
  return { answer, ended };
}

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
