// The table of what was not run.
import { expect, test } from "@jest/globals";
import { NEEDS } from "../left-out.ts";
import { whyLeftOut } from "../needing.ts";
import { tableOf } from "./left-out.ts";

test("names packages, how many tests want each, what they try, and one command that adds them", () => {
  const pending = [
    { fullName: `two nodes${NEEDS}redis, postgres) ban together` },
    { fullName: `two nodes${NEEDS}redis) keep counts (of all kinds)` },
    { fullName: `Valkey${NEEDS}valkey) messages` },
    { fullName: "a slow network (left out: a network namespace needs root) is cold" },
  ];
  const table = tableOf(pending, false);
  expect(table).toMatch(/^ +redis-server +2 +regions of several nodes/m);
  expect(table).toMatch(/^ +postgresql +1 /m);
  expect(table).toMatch(/^ +valkey-server \(optional\) +1 /m);
  expect(table).toMatch(/^ +- +1 +a network namespace needs root$/m);
  expect(table).toMatch(/apt-get install --yes --no-install-recommends postgresql redis-server$/);
});

test("tells of what was skipped without a reason, but where tests were chosen by name", () => {
  expect(tableOf([{ fullName: "a test that somebody switched off" }], false)).toContain(
    "a test that somebody switched off",
  );
  expect(tableOf([{ fullName: "another" }], true)).toBe("");
  expect(tableOf([], false)).toBe("");
});

test("with CI set what is missing fails, and what Debian may lack does not", () => {
  expect(() => whyLeftOut(["valkey", "redis"], true)).toThrow(/^redis is missing and CI is set/);
  expect(whyLeftOut(["valkey"], true)).toBe(`${NEEDS}valkey)`);
  expect(whyLeftOut(["valkey", "redis"], false)).toBe(`${NEEDS}valkey, redis)`);
});
