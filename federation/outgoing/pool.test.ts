// What a node remembers of remote domains and keeps for them is bounded, whatever its users send.
import { expect, test } from "@jest/globals";
import { NodeConfig } from "../../contract/contract.ts";
import { turns } from "../../test/harness/manual-clock.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { Content } from "../../xmpp/stanza/content.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { FederationContext } from "../way/context.ts";
import { CountsByRemote } from "../way/counts.ts";
import { policyFor } from "../way/policy.ts";
import { SenderShares } from "../way/sender-shares.ts";
import { Attempts } from "./attempts.ts";
import { OutgoingPool } from "./pool.ts";
import { QUEUES_AT_MOST, StanzaQueue } from "./queue.ts";

function stanzaTo(to: string, body = "", from = "x@a.test"): Stanza {
  const children = [{ name: "body", xmlns: "jabber:client" }];
  const tail = `><body>${body}</body></message>`;
  return new Stanza("message", Jid.parse(from), Jid.parse(to), new Content("m", "chat", undefined, "", tail, children));
}

/** A context whose resolver never answers, so that everything waits. */
function silent() {
  let time = 0;
  const returned: string[] = [];
  const asked: string[] = [];
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
    resolver: {
      resolveDomain: (domain: string) => {
        asked.push(domain);
        return new Promise(() => {});
      },
    },
    counts: new CountsByRemote(),
    attempts: new Attempts(),
    waiting: { used: 0, shares: new SenderShares() },
    trace: { active: false },
    clock: { now: () => time, setTimeout: () => 0, clearTimeout: () => {} },
  } as unknown as FederationContext;
  const advance = (ms: number) => {
    time += ms;
  };
  return { pool: new OutgoingPool(context), returned, advance, context, asked };
}

test("stanzas to more domains than there may be come back, and those that are known go on", () => {
  const { pool, returned, advance } = silent();
  // Of several domains of ours, and many accounts: none has more than its share.
  for (let i = 0; i < 10_000; i++) pool.route(stanzaTo(`d${i}.test`, "", `x${i % 100}@a${i % 2}.test`));
  expect(returned).toEqual([]);
  advance(5_000);
  pool.route(stanzaTo("one-more.test", "", "new@b.test"));
  pool.route(stanzaTo("d0.test"));
  expect(returned).toEqual(["resource-constraint one-more.test"]);
});

test("what waits for all domains together is bounded", () => {
  const { pool, returned, context } = silent();
  const body = "x".repeat(200_000);
  const { queueBytes } = context.config;
  const fits = Math.floor((queueBytes * QUEUES_AT_MOST) / 200_300);
  for (let i = 0; i < fits; i++) pool.route(stanzaTo(`d${i % 500}.test`, body, `x${i % 50}@a${i % 2}.test`));
  expect(returned).toEqual([]);
  for (let i = 0; i < 3; i++) pool.route(stanzaTo("last.test", body, "new@b.test"));
  expect(returned.length).toBeGreaterThan(0);
  expect(new Set(returned)).toEqual(new Set(["resource-constraint last.test"]));
  expect(context.waiting.used).toBeLessThanOrEqual(queueBytes * QUEUES_AT_MOST);
});

test("an account that writes to thousands of domains that are not there shuts nobody else out", () => {
  const { pool, returned, advance } = silent();
  for (let i = 0; i < 5_000; i++) pool.route(stanzaTo(`made-up-${i}.test`, "", "romeo@a.test/orchard"));
  expect(returned).toHaveLength(5_000 - 10_000 / 8);
  expect(new Set(returned.map((one) => one.split(" ")[0]))).toEqual(new Set(["resource-constraint"]));
  returned.length = 0;
  pool.route(stanzaTo("new.test", "", "juliet@a.test"));
  // What he may write to already, he may, and whom others made known.
  pool.route(stanzaTo("made-up-1.test", "", "romeo@a.test"));
  pool.route(stanzaTo("new.test", "", "romeo@a.test"));
  expect(returned).toEqual([]);
  // A component's many addresses have one share, beside which others find room.
  for (let i = 0; i < 8_000; i++) pool.route(stanzaTo(`far-${i}.test`, "", `room${i}@rooms.a.test`));
  advance(5_000);
  returned.length = 0;
  for (let i = 0; i < 500; i++) pool.route(stanzaTo(`near-${i}.test`, "", "juliet@a.test"));
  expect(returned).toEqual([]);
});

test("a domain that is there takes no place of who wrote to it first", () => {
  const { pool, returned } = silent();
  for (let i = 0; i < 1_250; i++) pool.route(stanzaTo(`d${i}.test`));
  pool.route(stanzaTo("one-more.test"));
  expect(returned).toEqual(["resource-constraint one-more.test"]);
  pool.pair("a.test", "d7.test").remote.proven();
  pool.pair("a.test", "d7.test").remote.proven();
  pool.route(stanzaTo("one-more.test"));
  pool.route(stanzaTo("two-more.test"));
  expect(returned.slice(1)).toEqual(["resource-constraint two-more.test"]);
});

test("what waits of one account leaves room for what others send", () => {
  const { pool, returned, context } = silent();
  const body = "x".repeat(200_000);
  const share = (context.config.queueBytes * QUEUES_AT_MOST) / 8;
  for (let i = 0; i < 1_000; i++) pool.route(stanzaTo(`d${i % 500}.test`, body));
  expect(context.waiting.used).toBeLessThanOrEqual(share);
  expect(returned.length).toBeGreaterThan(0);
  returned.length = 0;
  pool.route(stanzaTo("d1.test", body, "juliet@a.test"));
  expect(returned).toEqual([]);
});

test("what leaves a queue, whichever way, is no longer counted", () => {
  const budget = { used: 0, shares: new SenderShares() };
  const queue = new StanzaQueue(budget);
  for (let i = 0; i < 5; i++) queue.push(stanzaTo("d.test"), 10, 100_000);
  const one = budget.used / 5;
  queue.shift();
  expect(budget.used).toBe(one * 4);
  queue.putBack([stanzaTo("d.test")]);
  expect(budget.used).toBe(one * 5);
  expect(queue.drain()).toHaveLength(5);
  expect(budget.used).toBe(0);
  expect(budget.shares.allows(Jid.parse("x@a.test"), 1, 8)).toBe(true);
});

test("an account that writes to many slow domains has its part of the look-ups, and others have theirs", async () => {
  const { pool, asked } = silent();
  for (let i = 0; i < 1_000; i++) pool.route(stanzaTo(`slow${i}.test`, "", "romeo@a.test/orchard"));
  await turns(20);
  expect(asked).toHaveLength(64);
  pool.route(stanzaTo("friend.test", "", "juliet@a.test"));
  await turns(20);
  expect(asked.at(-1)).toBe("friend.test");
  // What waits for its turn is asked for at once where somebody else writes there too.
  pool.route(stanzaTo("slow999.test", "", "juliet@a.test"));
  await turns(20);
  expect(asked.at(-1)).toBe("slow999.test");
  pool.route(stanzaTo("slow999.test", "", "nurse@a.test"));
  await turns(20);
  expect(asked).toHaveLength(66);
  // Those of one domain leave room for those of another.
  for (let i = 0; i < 1_000; i++) pool.route(stanzaTo(`far${i}.test`, "", `user${i}@a.test`));
  await turns(20);
  expect(asked).toHaveLength(384);
  pool.route(stanzaTo("other.test", "", "x@b.test"));
  await turns(20);
  expect(asked.at(-1)).toBe("other.test");
});
