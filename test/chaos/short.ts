// Tests of the chaos experiments in their short form: what is promised holds, with fewer clients and for seconds.
import { expect } from "@jest/globals";
import { needing } from "../harness/needing.ts";
import { EXPERIMENTS } from "./experiments.ts";
import { SHORT, SHORT_PATIENCE } from "./options.ts";
import { formatReport } from "./report.ts";

const { test: whereThereIsAll } = needing("redis", "postgres");

/** ms for one experiment on a busy machine. */
const PATIENCE = 180_000;

/** Makes a test of each of these; `NAME --kill` has a kill in its middle, as on the command line. */
export function testShortly(...names: string[]): void {
  whereThereIsAll.each(names)(
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
