// Tests of the chaos experiments in their short form: what is promised holds, with fewer clients and for seconds.
import { expect } from "@jest/globals";
import { type Choice, needing, unless } from "../harness/needing.ts";
import { EXPERIMENTS } from "./experiments.ts";
import { SHORT, SHORT_PATIENCE } from "./options.ts";
import { formatReport } from "./report.ts";

/** ms for one experiment on a busy machine. */
const PATIENCE = 180_000;

/** Set by `npm run chaos:short`, which continuous integration runs after `npm test`. */
const LEFT = process.env.MERIDIAN_TEST_CHAOS ? undefined : "they take minutes: `npm run chaos:short` runs them";

/** Makes a test of each of these; `NAME --kill` has a kill in its middle, as on the command line. */
export function testShortly(...names: readonly string[]): void {
  testEach(unless(LEFT, "redis", "postgres"), names);
}

/** The same for those that `npm test` runs too: that experiments work at all is known with every change. */
export function testAlways(...names: readonly string[]): void {
  testEach(needing("redis", "postgres"), names);
}

function testEach({ test }: Choice, names: readonly string[]): void {
  test.each(names)(
    "%s",
    async (words) => {
      const [name = "", kill] = words.split(" ");
      const run = EXPERIMENTS[name]!;
      const rest = { against: undefined, patience: SHORT_PATIENCE, kill: kill === "--kill", json: false };
      const report = await run({ ...SHORT[name]!, ...rest });
      expect(report.failures.length === 0 ? "" : formatReport(report)).toBe("");
    },
    PATIENCE,
  );
}
