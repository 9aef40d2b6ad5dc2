// What comes past the wire waits for what was announced on the wire before it.
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { Behind } from "./behind.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

function setUp() {
  const taken: string[] = [];
  return { taken, behind: new Behind<string>((message) => taken.push(message)) };
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

test("an announcement that is lost is waited for in vain for half a second, once", () => {
  const { taken, behind } = setUp();
  behind.add("a", 2);
  behind.add("b", 3);
  behind.announced(1);
  jest.advanceTimersByTime(499);
  expect(taken).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(taken).toEqual(["a"]);
  behind.announced(3);
  expect(taken).toEqual(["a", "b"]);
  behind.add("c", 3);
  expect(taken).toEqual(["a", "b", "c"]);
});

test("what waits for a member that is gone is not taken", () => {
  const { taken, behind } = setUp();
  behind.add("a", 1);
  behind.end();
  jest.advanceTimersByTime(1_000);
  expect(taken).toEqual([]);
});
