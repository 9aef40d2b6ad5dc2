// Large entries of one account that change often are told now and then; small ones, and others', always.
import { expect, test } from "@jest/globals";
import { ManualClock } from "../../../test/harness/manual-clock.ts";
import { EntryPace } from "./entry-pace.ts";

const MALLORY = "mallory@verona.test";
const JULIET = "juliet@verona.test";

test("who changes a large entry too often waits, and nobody else", async () => {
  const clock = new ManualClock(0);
  const pace = new EntryPace(clock);
  let told = 0;
  for (; told < 1_000 && pace.allows(MALLORY); told++) pace.told(MALLORY, 65_536);
  expect(told).toBe(9);
  expect(pace.allows(JULIET)).toBe(true);
  await clock.advance(1_000);
  expect(pace.allows(MALLORY)).toBe(true);
  pace.told(MALLORY, 65_536);
  expect(pace.allows(MALLORY)).toBe(false);
});

test("small entries are told however often they change", () => {
  const pace = new EntryPace(new ManualClock(0));
  for (let n = 0; n < 10_000; n++) {
    expect(pace.allows(JULIET)).toBe(true);
    pace.told(JULIET, 4_096);
  }
});

test("many accounts that owe nothing are forgotten", async () => {
  const clock = new ManualClock(0);
  const pace = new EntryPace(clock);
  for (let n = 0; n < 5_000; n++) {
    pace.told(`u${n}@verona.test`, 10_000);
    await clock.advance(1_000);
  }
  expect((pace as unknown as { accounts: Map<string, unknown> }).accounts.size).toBeLessThanOrEqual(1_000);
});
