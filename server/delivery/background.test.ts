// Work for many: how much of it is under way at once, and that nobody's failure is another's.
import { expect, test } from "@jest/globals";
import { turns } from "../../test/harness/manual-clock.ts";
import { eachAtOnce, eachInTurn } from "./background.ts";

test("only so many wait at once, and each of the others has its turn once one is done", async () => {
  const waiting = new Map<number, () => void>();
  const work = (one: number) =>
    one % 2 === 0 ? undefined : new Promise<void>((resolve) => waiting.set(one, () => resolve()));
  let over = false;
  const all = eachAtOnce([0, 1, 2, 3, 4, 5, 6, 7], 2, work).then(() => {
    over = true;
  });
  expect([...waiting.keys()]).toEqual([1, 3]);
  waiting.get(3)?.();
  await turns(2);
  expect([...waiting.keys()]).toEqual([1, 3, 5]);
  waiting.get(1)?.();
  await turns(2);
  expect([...waiting.keys()]).toEqual([1, 3, 5, 7]);
  waiting.get(5)?.();
  await turns(2);
  expect(over).toBe(false);
  waiting.get(7)?.();
  await all;
});

test("where it fails for some the others have their turn, and the first failure is told", async () => {
  for (const each of [
    eachInTurn<number>,
    (many: number[], work: (one: number) => void | Promise<void>) => eachAtOnce(many, 2, work),
  ]) {
    const done: number[] = [];
    const work = (one: number) => {
      done.push(one);
      if (one === 1) throw new Error("at once");
      return one === 2 ? Promise.reject(new Error("later")) : undefined;
    };
    await expect(each([0, 1, 2, 3], work)).rejects.toThrow("at once");
    expect(done).toEqual([0, 1, 2, 3]);
  }
});
