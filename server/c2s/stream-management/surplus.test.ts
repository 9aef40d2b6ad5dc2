// What waits for a client in the store: while that is slow, senders wait with it, and little is in memory.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { systemClock } from "../../../xmpp/clock.ts";
import { Sent } from "../../../xmpp/management/sent.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import type { HeldKey } from "../../held/port.ts";
import type { SessionHost } from "../../ports/host.ts";
import { StoreUnavailable } from "../../ports/store.ts";
import { Holding } from "./holding.ts";
import { Surplus } from "./surplus.ts";
import type { Kept } from "./unacked.ts";

/** Characters that may be in memory: ten messages, and what holds them. */
const ROOM = 11_000;

const message = () =>
  Stanza.fromText(`<message to='juliet@verona.test' type='chat'><body>${"x".repeat(900)}</body></message>`);

/** A surplus on a store that takes, or refuses, one message after the other when it is told to. */
function waiting() {
  const adding: { take(): void; refuse(): void }[] = [];
  const add = () =>
    new Promise<void>((resolve, reject) =>
      adding.push({ take: resolve, refuse: () => reject(new StoreUnavailable("away")) }),
    );
  const fired: (() => void)[] = [];
  const store = { away: false, reads: 0 };
  const get = async (key: HeldKey) => {
    store.reads++;
    if (store.away) throw new StoreUnavailable("away");
    return { ...key, domain: "verona.test", local: "juliet", text: message().text(), at: 0 };
  };
  const setTimeout = (again: () => void) => fired.push(again);
  const host = {
    domain: "verona.test",
    clock: { now: systemClock.now, setTimeout, clearTimeout() {} },
    log: pino({ level: "silent" }),
    bus: { member: "n1" },
    storage: { of: () => ({ add, get, ids: { next: () => adding.length + 1 } }) },
  } as unknown as SessionHost;
  const surplus = new Surplus(host, new Holding(host, new Sent<Kept>()), { stanzas: 1_000, characters: ROOM });
  return { surplus, adding, fired, store };
}

/** Settled before anything that takes a turn. */
const turn = () => new Promise(setImmediate);

test("who sends waits until the store has taken its part, and no longer", async () => {
  const { surplus, adding } = waiting();
  let added = 0;
  while (surplus.storing === undefined) {
    expect(surplus.add(message())).toBe(true);
    added++;
  }
  expect(added).toBeLessThan(8);
  let waits = true;
  const wait = surplus.storing.then(() => {
    waits = false;
  });
  await turn();
  expect(waits).toBe(true);
  adding.shift()?.take();
  await wait;
  expect(surplus.storing).toBeUndefined();
  expect(surplus.waits).toBe(true);
});

test("a store that does not answer holds nobody up, and what is in memory is bounded all the same", async () => {
  const { surplus, adding } = waiting();
  let added = 0;
  while (surplus.add(message())) added++;
  expect(added).toBeGreaterThan(8);
  expect(added).toBeLessThan(14);
  const wait = surplus.storing;
  expect(wait).toBeDefined();
  adding.shift()?.refuse();
  await wait;
  expect(surplus.add(message())).toBe(false);
});

test("what a client takes over makes room as well", async () => {
  const { surplus } = waiting();
  while (surplus.storing === undefined) surplus.add(message());
  const wait = surplus.storing;
  while (surplus.waits) expect(await surplus.take()).toBeDefined();
  await wait;
});

test("a store that cannot be read is asked again, by one who goes on alone", async () => {
  const { surplus, adding, fired, store } = waiting();
  surplus.add(message());
  adding.shift()?.take();
  await turn();
  store.away = true;
  const sent: Kept[] = [];
  const refill = () =>
    surplus.refill(
      () => true,
      (kept) => sent.push(kept),
    );
  const done = [refill(), refill(), refill()];
  await turn();
  expect(store.reads).toBe(1);
  for (let reads = 2; reads < 5; reads++) {
    fired.shift()?.();
    await turn();
    expect(store.reads).toBe(reads);
  }
  expect(sent).toHaveLength(0);
  store.away = false;
  fired.shift()?.();
  await Promise.all(done);
  expect(sent).toHaveLength(1);
  expect(surplus.waits).toBe(false);
});

test("what was read for a session that wants it no more is there for who comes next", async () => {
  const { surplus, adding } = waiting();
  surplus.add(message());
  adding.shift()?.take();
  await turn();
  let there = true;
  const sent: Kept[] = [];
  const refill = surplus.refill(
    () => there,
    (kept) => sent.push(kept),
  );
  there = false;
  await refill;
  expect(sent).toHaveLength(0);
  expect(await surplus.takeInsistently()).toBeDefined();
  expect(surplus.waits).toBe(false);
});
