// What failed is tried again until it succeeds, once for each key, and only while it is wanted.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { ManualClock } from "../test/harness/manual-clock.ts";
import { Persistent } from "./persistent.ts";

function setUp() {
  const clock = new ManualClock(0);
  const persistent = new Persistent({ clock, log: pino({ level: "silent" }) }, "the work");
  const tries: string[] = [];
  let failing = true;
  const work = (name: string) => async () => {
    tries.push(name);
    if (failing) throw new Error("the store does not answer");
  };
  return { clock, persistent, tries, work, mend: () => (failing = false) };
}

const always = () => true;

test("it is tried at growing intervals until it succeeds", async () => {
  const { clock, persistent, tries, work, mend } = setUp();
  await persistent.run("a", work("a"), always);
  await clock.advance(1_000);
  expect(tries).toHaveLength(2);
  await clock.advance(1_000);
  expect(tries).toHaveLength(2);
  await clock.advance(1_000);
  expect(tries).toHaveLength(3);
  mend();
  await clock.advance(60_000);
  expect(tries).toHaveLength(4);
  await clock.advance(600_000);
  expect(tries).toHaveLength(4);
});

test("of one key one waits, another is tried at once all the same", async () => {
  const { clock, persistent, tries, work } = setUp();
  await persistent.run("a", work("first"), always);
  await persistent.run("a", work("second"), always);
  await persistent.run("b", work("other"), always);
  expect(tries).toEqual(["first", "second", "other"]);
  await clock.advance(1_000);
  expect(tries.slice(3).sort()).toEqual(["first", "other"]);
});

test("what nobody wants any more is left", async () => {
  const { clock, persistent, tries, work } = setUp();
  let wanted = true;
  await persistent.run("a", work("a"), () => wanted);
  wanted = false;
  await clock.advance(600_000);
  expect(tries).toEqual(["a"]);
});
