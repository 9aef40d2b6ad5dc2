// Whatever a module registered is withdrawn once, the last first, and nothing comes after.
import { expect, test } from "@jest/globals";
import { ManualClock } from "../../test/harness/manual-clock.ts";
import { Registrations } from "./registrations.ts";

test("each is undone once, the last one first; one that throws keeps no other", () => {
  const registrations = new Registrations("ping");
  const undone: string[] = [];
  const failures: unknown[] = [];
  registrations.add(() => undone.push("first"));
  registrations.add(() => {
    throw new Error("stuck");
  });
  const early = registrations.add(() => undone.push("early"));
  early();
  early();
  registrations.withdraw((error) => failures.push(error));
  registrations.withdraw((error) => failures.push(error));
  expect(undone).toEqual(["early", "first"]);
  expect(failures).toEqual([new Error("stuck")]);
  expect(registrations.size).toBe(0);
});

test("what ends in order has the timers until it has ended", async () => {
  const time = new ManualClock(0);
  const registrations = new Registrations("rooms");
  const clock = registrations.clock(time);
  let ended = false;
  registrations.addEnding(async () => {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 10));
    ended = true;
  });
  const ending = registrations.end();
  await time.advance(10);
  await ending;
  expect(ended).toBe(true);
  expect(registrations.end()).toBeUndefined();
});

test("what is registered too late is undone at once, and a mistake", () => {
  const registrations = new Registrations("ping");
  registrations.withdraw(() => {});
  let there = true;
  expect(() =>
    registrations.add(() => {
      there = false;
    }),
  ).toThrow("the module ping registers something though it is over");
  expect(there).toBe(false);
});

test("timers end with the module, and those that fired or were cleared are no registrations", async () => {
  const time = new ManualClock(0);
  const registrations = new Registrations("ping");
  const clock = registrations.clock(time);
  const fired: number[] = [];
  for (const at of [1, 2, 3]) clock.setTimeout(() => fired.push(at), at);
  clock.clearTimeout(clock.setTimeout(() => fired.push(0), 1));
  clock.clearTimeout(undefined);
  expect(registrations.size).toBe(3);
  await time.advance(1);
  expect(registrations.size).toBe(2);
  registrations.withdraw(() => {});
  await time.advance(10);
  expect(fired).toEqual([1]);
  expect(clock.now()).toBe(11);
});
