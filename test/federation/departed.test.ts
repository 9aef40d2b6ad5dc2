// An account removed while no node runs: the next node cancels its subscriptions at other domains. XEP-0077 §3.2.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { NodeConfig } from "../../contract/contract.ts";
import { check } from "../../contract/load.ts";
import { ROSTERS } from "../../server/modules/roster/store.ts";
import { openStorage } from "../../server/stores.ts";
import { run } from "../world/command.ts";
import { Ground, TestNode } from "./nodes.ts";

let ground: Ground;
let node: TestNode | undefined;

beforeEach(async () => {
  ground = await Ground.lay();
});
afterEach(async () => {
  await node?.stop();
  node = undefined;
  await ground.clear();
});

test("who saw it, whom it saw, and who was asked are told once", async () => {
  const outside = await ground.node("b.test");
  const given = {
    node: "a.test",
    hosts: [{ domain: "a.test", certificate: await ground.certify("a.test") }],
    listeners: [{ kind: "s2s", port: 0 }],
    storage: { kind: "sqlite", file: join(ground.folder, "a.sqlite") },
    federation: {
      dnsServers: [ground.zone.server],
      privateNetworks: ["127.0.0.0/8"],
      trustedAuthorities: [ground.authority.caFile],
      publicAuthorities: false,
      dialbackSecret: "a secret of a.test for tests",
    },
  };
  const file = join(ground.folder, "a.json");
  writeFileSync(file, JSON.stringify(given));
  const config = check(NodeConfig, given, "test");
  const account = (action: string) =>
    run(["account", action, "romeo@a.test", "--config", file], { input: "a long password\n" });
  expect(await account("add")).toMatchObject({ code: 0 });
  const storage = await openStorage(config.storage);
  const item = { name: "", groups: [], ask: false, approved: false, listed: true, pendingIn: undefined };
  for (const [local, more] of [
    ["both", { subscription: "both" }],
    ["from", { subscription: "from" }],
    ["asked", { subscription: "none", ask: true }],
    ["none", { subscription: "none" }],
  ] as const)
    await storage.of(ROSTERS).put("a.test", "romeo", { ...item, ...more, jid: `${local}@${outside.service}` });
  await storage.close();
  const told = "contacts at other domains are told when a node starts with this configuration\n";
  expect(await account("delete")).toMatchObject({ code: 0, stderr: expect.stringContaining(told) });
  expect(outside.received).toEqual([]);

  const start = async () => {
    node = await TestNode.start("a.test", config);
    ground.announce("a.test", node.port);
  };
  const expected = ["asked unsubscribe", "both unsubscribe", "both unsubscribed", "from unsubscribed"];
  const seen = () => outside.received.map(({ from, to, type }) => `${to?.local} ${type} ${from?.full}`).sort();
  await start();
  await outside.until(() => outside.received.length >= expected.length, "the departure");
  expect(seen()).toEqual(expected.map((text) => `${text} romeo@a.test`));
  await node?.stop();
  await start();
  node?.send(`y@${outside.service}`, "last");
  await outside.until(() => outside.received.length > expected.length, "what comes after");
  expect(outside.bodies().at(-1)).toBe("last");
  expect(outside.received).toHaveLength(expected.length + 1);
}, 120_000);
