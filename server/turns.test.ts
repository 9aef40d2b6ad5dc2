// Turns: order by key, failures pass no one by, nothing is kept.
import { expect, test } from "@jest/globals";
import { Turns } from "./turns.ts";

test("one key's work runs one after the other, another key's at once", async () => {
  const turns = new Turns();
  const told: string[] = [];
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const first = turns.run("a", async () => {
    await gate;
    told.push("a1");
  });
  const second = turns.run("a", async () => void told.push("a2"));
  await turns.run("__proto__", async () => void told.push("other"));
  release();
  await Promise.all([first, second]);
  expect(told).toEqual(["other", "a1", "a2"]);
});

test("a failure is its caller's own, and nothing is kept", async () => {
  const turns = new Turns();
  const failed = turns.run("a", async () => {
    throw new Error("down");
  });
  const next = turns.run("a", async () => 2);
  await expect(failed).rejects.toThrow("down");
  expect(await next).toBe(2);
  await new Promise(setImmediate);
  expect(turns.size).toBe(0);
});
