// Stanza rates of accounts and addresses: on one node, and divided among several.
import { beforeEach, describe, expect, test } from "@jest/globals";
import { ManualClock, turns } from "../../test/harness/manual-clock.ts";
import { loneCounts, type SharedCounts, type Usage } from "../cluster/shared/limits.ts";
import { type StanzaRate, StanzaRates, shareOf } from "./stanza-rates.ts";

const LIMITS = { perAccount: 100, perAddress: 1000 };
const ROMEO = "romeo@example.org";

let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock(1_000_000);
});

/** Takes stanzas until one has to wait; answers how many went, and what that one waits for. */
function drain(rate: StanzaRate): { went: number; wait: Promise<void> } {
  for (let went = 0; went < 100_000; went++) {
    const wait = rate.take();
    if (wait !== undefined) return { went, wait };
  }
  throw new Error("nothing had to wait");
}

describe("on one node", () => {
  let rates: StanzaRates;

  beforeEach(() => {
    rates = new StanzaRates(clock, LIMITS, loneCounts);
  });

  test("five seconds' worth at once, then the rate", async () => {
    const rate = rates.enter(ROMEO, "192.0.2.1");
    const { went, wait } = drain(rate);
    expect(went).toBe(500);
    let over = false;
    void wait.then(() => {
      over = true;
    });
    await clock.advance(9);
    expect(over).toBe(false);
    await clock.advance(1);
    expect(over).toBe(true);
    await clock.advance(1000);
    expect(drain(rate).went).toBe(100);
  });

  test("streams of one account take from one bucket, whatever their addresses", () => {
    const one = rates.enter(ROMEO, "192.0.2.1");
    const other = rates.enter(ROMEO, "192.0.2.2");
    expect(drain(one).went).toBe(500);
    expect(other.take()).toBeDefined();
    expect(rates.enter("juliet@example.org", "192.0.2.2").take()).toBeUndefined();
  });

  test("streams of one account share the node's time, and a new one is no way round it", async () => {
    const one = rates.enter(ROMEO, "192.0.2.1");
    expect(one.work.take(900)).toBe(0);
    expect(rates.enter(ROMEO, "192.0.2.2").work.take(2100)).toBe(4000);
    expect(rates.enter("juliet@example.org", "192.0.2.2").work.take(900)).toBe(0);
    one.leave();
    await clock.advance(1000);
    expect(rates.enter(ROMEO, "192.0.2.3").work.take(1)).toBeGreaterThan(0);
  });

  test("accounts of one address take from one bucket", () => {
    let went = 0;
    for (let i = 0; i < 12; i++) went += drain(rates.enter(`user${i}@example.org`, "2001:db8::1")).went;
    // Each account may send 500; all of them together 5,000, of which each that had to wait has one ahead.
    expect(went).toBeLessThanOrEqual(5000);
    expect(went).toBeGreaterThan(5000 - 12);
    expect(rates.enter("another@example.org", "2001:db8::2").take()).toBeDefined();
    expect(rates.enter("another@example.org", "2001:db8:0:1::2").take()).toBeUndefined();
  });

  test("a new stream is no way round, and what is full and unused is forgotten", async () => {
    const rate = rates.enter(ROMEO, "192.0.2.1");
    drain(rate);
    rate.leave();
    await clock.advance(4999);
    const again = rates.enter(ROMEO, "192.0.2.1");
    expect(drain(again).went).toBeLessThan(500);
    again.leave();
    await clock.advance(5000);
    expect(rates.size).toBeGreaterThan(0);
    await clock.advance(10_000);
    expect(rates.size).toBe(0);
  });

  test("keys from Object.prototype are keys like others", () => {
    expect(drain(rates.enter("__proto__", "constructor")).went).toBe(500);
    expect(rates.enter("constructor", "__proto__").take()).toBeUndefined();
  });
});

describe("on several nodes", () => {
  /** Sums what nodes told in this second. */
  class Sums {
    readonly told = new Map<string, Map<string, number>>();
    calls = 0;
    away = false;

    counts(node: string): SharedCounts {
      const usage = async (usages: readonly Usage[]) => {
        if (this.away) return undefined;
        this.calls++;
        return usages.map(({ key, taken }) => {
          const byNode = this.told.get(key) ?? new Map<string, number>();
          this.told.set(key, byNode.set(node, taken));
          return [...byNode.values()].reduce((sum, each) => sum + each, 0);
        });
      };
      return { ...loneCounts, shared: true, usage };
    }
  }

  let sums: Sums;
  let nodes: StanzaRate[];
  let went: number[];
  let waiting: Set<number>;

  beforeEach(() => {
    sums = new Sums();
    nodes = ["a", "b", "c"].map((name) =>
      new StanzaRates(clock, LIMITS, sums.counts(name)).enter(ROMEO, `192.0.2.${name.charCodeAt(0)}`),
    );
    went = [0, 0, 0];
    waiting = new Set();
  });

  /** Everybody sends what may go, for some seconds. */
  async function send(seconds: number, senders = [0, 1, 2]): Promise<number> {
    const before = went.reduce((sum, each) => sum + each);
    for (let i = 0; i < seconds * 20; i++) {
      for (const node of senders)
        while (!waiting.has(node)) {
          const wait = nodes[node]?.take();
          went[node] = (went[node] ?? 0) + 1;
          if (wait === undefined) continue;
          waiting.add(node);
          void wait.then(() => waiting.delete(node));
        }
      await clock.advance(50);
    }
    return went.reduce((sum, each) => sum + each) - before;
  }

  test("an account sends together what it may send at one", async () => {
    await send(10);
    const sent = await send(20);
    expect(sent).toBeGreaterThan(20 * 60);
    expect(sent).toBeLessThan(20 * 130);
    // Once a second each, not once a stanza.
    expect(sums.calls).toBeLessThanOrEqual(3 * 31);
  });

  test("who sends alone gets all of it back", async () => {
    await send(10);
    // What others told is stale after a while.
    await send(2, [0]);
    sums.told.clear();
    await send(3, [0]);
    const alone = await send(10, [0]);
    expect(alone).toBeGreaterThan(10 * 80);
  });

  test("while nobody answers each has its own bucket", async () => {
    await send(10);
    sums.away = true;
    await send(2);
    const sent = await send(10);
    expect(sent).toBeGreaterThan(10 * 250);
    expect(sent).toBeLessThan(10 * 350);
  });

  test("who sends little is told to nobody", async () => {
    for (let i = 0; i < 200; i++) {
      expect(nodes[0]?.take()).toBeUndefined();
      await clock.advance(1000);
    }
    await turns(2);
    expect(sums.calls).toBe(0);
  });
});

test.each([
  [100, 50, 50, 100],
  [100, 50, 90, 60],
  [100, 100, 100, 100],
  [100, 50, 200, 25],
  [100, 0, 500, 2],
  [100, 80, 0, 100],
])("of %i a node that took %i of %i may take %i", (limit, mine, all, share) => {
  expect(shareOf(limit, mine, all)).toBe(share);
});
