// What comes past the wire waits for what was announced on the wire before it.
import { expect, test } from "@jest/globals";
import { ManualClock } from "../../../test/harness/manual-clock.ts";
import { Behind } from "./behind.ts";

function setUp() {
  const taken: string[] = [];
  const clock = new ManualClock(0);
  return { taken, clock, behind: new Behind<string>((message) => taken.push(message), clock) };
}

test("a message waits for the announcement before it, and those behind it keep their order", () => {
  const { taken, behind } = setUp();
  behind.add("first", 0);
  behind.add("second", 1);
  behind.add("third", 1);
  expect(taken).toEqual(["first"]);
  behind.announced(1);
  expect(taken).toEqual(["first", "second", "third"]);
  behind.add("fourth", 1);
  expect(taken).toEqual(["first", "second", "third", "fourth"]);
});

test("an announcement that is lost is waited for in vain for half a second, once", async () => {
  const { taken, clock, behind } = setUp();
  behind.add("a", 2);
  behind.add("b", 3);
  behind.announced(1);
  await clock.advance(499);
  expect(taken).toEqual([]);
  await clock.advance(1);
  expect(taken).toEqual(["a"]);
  behind.announced(3);
  expect(taken).toEqual(["a", "b"]);
  behind.add("c", 3);
  expect(taken).toEqual(["a", "b", "c"]);
});

test("what waits for a member that is gone is not taken", async () => {
  const { taken, clock, behind } = setUp();
  behind.add("a", 1);
  behind.end();
  await clock.advance(1_000);
  expect(taken).toEqual([]);
});
