// What a node remembers of remote domains and keeps for them is bounded, whatever its users send.
import { expect, test } from "@jest/globals";
import { Jid, NodeConfig, Stanza } from "../../server/index.ts";
import type { FederationContext } from "../context.ts";
import { CountsByRemote } from "../counts.ts";
import { policyFor } from "../policy.ts";
import { OutgoingPool } from "./pool.ts";
import { QUEUES_AT_MOST, StanzaQueue } from "./queue.ts";

function stanzaTo(to: string, body = ""): Stanza {
  const children = [{ name: "body", xmlns: "jabber:client" }];
  const tail = `><body>${body}</body></message>`;
  return new Stanza("message", Jid.parse("x@a.test"), Jid.parse(to), "m", "chat", undefined, "", tail, children);
}

/** A context whose resolver never answers, so that everything waits. */
function silent() {
  let time = 0;
  const returned: string[] = [];
  const { federation: config } = NodeConfig.parse({
    node: "n",
    hosts: [{ domain: "a.test" }],
    listeners: [{ kind: "s2s", port: 0 }],
    storage: { kind: "memory" },
  });
  const context = {
    config,
    policy: (domain: string) => policyFor(config, domain),
    inbound: { returned: (stanza: Stanza, condition: string) => returned.push(`${condition} ${stanza.to?.domain}`) },
    resolver: { resolveDomain: () => new Promise(() => {}) },
    counts: new CountsByRemote(),
    waiting: { used: 0 },
    trace: { active: false },
    clock: { now: () => time, setTimeout: () => 0, clearTimeout: () => {} },
  } as unknown as FederationContext;
  const advance = (ms: number) => {
    time += ms;
  };
  return { pool: new OutgoingPool(context), returned, advance, context };
}

test("stanzas to more domains than there may be come back, and those that are known go on", () => {
  const { pool, returned, advance } = silent();
  for (let i = 0; i < 10_000; i++) pool.route(stanzaTo(`d${i}.test`));
  expect(returned).toEqual([]);
  advance(5_000);
  pool.route(stanzaTo("one-more.test"));
  pool.route(stanzaTo("d0.test"));
  expect(returned).toEqual(["resource-constraint one-more.test"]);
});

test("what waits for all domains together is bounded", () => {
  const { pool, returned, context } = silent();
  const body = "x".repeat(200_000);
  const { queueBytes } = context.config;
  const fits = Math.floor((queueBytes * QUEUES_AT_MOST) / 200_300);
  for (let i = 0; i < fits; i++) pool.route(stanzaTo(`d${i % 500}.test`, body));
  expect(returned).toEqual([]);
  for (let i = 0; i < 3; i++) pool.route(stanzaTo("last.test", body));
  expect(returned.length).toBeGreaterThan(0);
  expect(new Set(returned)).toEqual(new Set(["resource-constraint last.test"]));
  expect(context.waiting.used).toBeLessThanOrEqual(queueBytes * QUEUES_AT_MOST);
});

test("what leaves a queue, whichever way, is no longer counted", () => {
  const budget = { used: 0 };
  const queue = new StanzaQueue(budget);
  for (let i = 0; i < 5; i++) queue.push(stanzaTo("d.test"), 10, 100_000);
  const one = budget.used / 5;
  queue.shift();
  expect(budget.used).toBe(one * 4);
  queue.putBack([stanzaTo("d.test")]);
  expect(budget.used).toBe(one * 5);
  expect(queue.drain()).toHaveLength(5);
  expect(budget.used).toBe(0);
});
