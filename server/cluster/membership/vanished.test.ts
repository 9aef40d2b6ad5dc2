// A member is taken for gone only where its machine and Redis both say so, twice.
import { expect, test } from "@jest/globals";
import { ManualClock, turns } from "../../../test/harness/manual-clock.ts";
import { isVanished } from "./vanished.ts";

/** Answers of one witness, look by look; an error where it does not know. */
function answers<T>(...list: (T | Error)[]) {
  let look = 0;
  return async () => {
    const answer = list[Math.min(look++, list.length - 1)] as T | Error;
    if (answer instanceof Error) throw answer;
    return answer;
  };
}

test.each<[string, (boolean | Error)[], (number | Error)[], boolean]>([
  ["nobody listens at either place", [true], [0], true],
  ["its port is open: its connection alone broke", [false], [0], false],
  ["it is subscribed: its connections alone are refused", [true], [1], false],
  ["it listens again at the second look", [true, false], [0], false],
  ["it has subscribed again at the second look", [true], [0, 1], false],
  ["Redis does not answer", [true], [new Error("away")], false],
  ["where it listened is not known", [new Error("away")], [0], false],
  ["Redis hears of its end late", [true], [1, 1, 0], true],
  ["its machine says so late", [false, true], [0], true],
  ["Redis answers late", [true], [new Error("away"), 0], true],
  ["it is now here, now there", [true, false], [0, 1, 0, 1, 0, 1], false],
])("%s", async (_what, refused, listening, gone) => {
  const clock = new ManualClock(1);
  const witnesses = { refuses: answers(...refused), listeners: answers(...listening), isBack: () => false };
  const told = isVanished("a", witnesses, clock);
  for (let look = 0; look < 10; look++) {
    await turns(4);
    await clock.advance(300);
  }
  expect(await told).toBe(gone);
});

test("nobody is asked about a member whose connection is back", async () => {
  const clock = new ManualClock(1);
  let looks = 0;
  const refuses = async () => {
    looks++;
    return true;
  };
  const told = isVanished("a", { refuses, listeners: async () => 1, isBack: () => looks > 1 }, clock);
  for (let look = 0; look < 3; look++) {
    await turns(4);
    await clock.advance(300);
  }
  expect([await told, looks]).toEqual([false, 2]);
});
