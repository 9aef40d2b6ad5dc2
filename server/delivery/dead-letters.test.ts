// A message is known again though a time was added to it, and others' counts are their own.

import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { ManualClock } from "../../test/harness/manual-clock.ts";
import { withDelay } from "../../xmpp/stanza/delay.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { DOCUMENTS } from "../documents/store.ts";
import { memoryStores } from "../storage/memory/stores.ts";
import { DeadLetters } from "./dead-letters.ts";

const message = (body: string) =>
  Stanza.fromText(`<message from="romeo@verona.test/o" to="juliet@verona.test"><body>${body}</body></message>`);

/** What of a host takes part, and the conditions of what it refused. */
function setUp() {
  const clock = new ManualClock(0);
  const refused: string[] = [];
  const host = {
    domain: "verona.test",
    storage: memoryStores([DOCUMENTS], clock),
    clock,
    log: pino({ level: "silent" }),
    refuse: (_stanza: Stanza, condition: string) => void refused.push(condition),
  };
  return { clock, host, refused };
}

test("the third ended delivery makes a dead letter, tells the sender once, and begins anew", async () => {
  const { host, refused } = setUp();
  const letters = new DeadLetters(host);
  const poison = message("poison");
  expect(await letters.suspects("juliet")).toBe(false);
  expect(await letters.ended("juliet", poison)).toBe(false);
  expect(await letters.ended("juliet", message("behind"))).toBe(false);
  expect(await letters.ended("juliet", withDelay(poison, "verona.test", 5))).toBe(false);
  expect(await letters.suspects("juliet")).toBe(true);
  expect(await letters.suspects("nurse")).toBe(false);
  expect(await letters.ended("juliet", withDelay(poison, "verona.test", 5))).toBe(true);
  expect(refused).toEqual(["not-acceptable"]);
  const [letter] = await letters.list();
  expect(letter).toMatchObject({ account: "juliet@verona.test", from: "romeo@verona.test/o" });
  expect(await letters.remove(letter?.id ?? "")).toBe(true);
  expect(await letters.list()).toEqual([]);
  expect(await letters.ended("juliet", poison)).toBe(false);
});

test("an account has a share of what is kept, and beyond the bound of the domain whoever has most makes room", async () => {
  const { clock, host } = setUp();
  const letters = new DeadLetters(host);
  const add = async (local: string, text: string) => {
    await clock.advance(1);
    await letters.add(local, text, "a test");
  };
  const textsOf = async (local: string) =>
    (await letters.list()).filter(({ account }) => account === `${local}@verona.test`).map(({ text }) => text);
  await add("juliet", "hers");
  for (let i = 1; i <= 30; i++) await add("mallory", String(i));
  expect(await textsOf("mallory")).toEqual(Array.from({ length: 20 }, (_, i) => String(i + 11)));
  for (let account = 1; account < 10; account++) for (let i = 0; i < 20; i++) await add(`mallory${account}`, String(i));
  await add("nurse", "also hers");
  expect((await letters.list()).length).toBe(200);
  expect([await textsOf("juliet"), await textsOf("nurse")]).toEqual([["hers"], ["also hers"]]);
});

test("whatever comes at once, what is beyond the bound of the domain goes", async () => {
  const { clock, host } = setUp();
  const nodes = [new DeadLetters(host), new DeadLetters(host)];
  await nodes[0]?.add("juliet", "hers", "a test");
  for (let i = 0; i < 20; i++) {
    await clock.advance(1);
    await Promise.all(
      Array.from({ length: 12 }, (_, account) => nodes[account % 2]?.add(`mallory${account}`, "x", "a test")),
    );
  }
  const all = (await nodes[0]?.list()) ?? [];
  expect(all.length).toBe(200);
  expect(all.some(({ text }) => text === "hers")).toBe(true);
});

test("two nodes that count and keep for the same account at once lose nothing of each other's", async () => {
  const { host } = setUp();
  const nodes = [new DeadLetters(host), new DeadLetters(host)];
  const bodies = ["one", "other"];
  const ended = () => Promise.all(nodes.map((node, i) => node.ended("juliet", message(bodies[i] ?? ""))));
  expect([await ended(), await ended(), await ended()]).toEqual([
    [false, false],
    [false, false],
    [true, true],
  ]);
  expect(await nodes[0]?.suspects("juliet")).toBe(false);
  // Both are of the account's own: its share drops them first.
  for (let i = 0; i < 20; i++) await nodes[i % 2]?.add("juliet", String(i), "a test");
  const texts = (await nodes[0]?.list())?.map(({ text }) => text);
  expect(texts?.sort()).toEqual(Array.from({ length: 20 }, (_, i) => String(i)).sort());
});
