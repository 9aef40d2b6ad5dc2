// `meridian account` as an operator runs it: beside a running node, and on the store of one that does not run.
import { afterAll, afterEach, beforeEach, expect, test } from "@jest/globals";
import { run } from "../world/command.ts";
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
  expect((await node.logIn(c2s, "romeo")).answer).toContain("<account-disabled/>");
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
    if (where === "with a node") await node.start();
    const told = await run(["account", "add", `romeo@${DOMAIN}`, "--config", node.config], { input: "short\n" });
    expect(told).toMatchObject({ code: 2, stdout: "", stderr: "a password has at least 8 characters\n" });
  },
  60_000,
);
