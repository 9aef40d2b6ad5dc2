// Tests of the chaos experiments in their short form: what is promised holds, with fewer clients and for seconds.
import { expect } from "@jest/globals";
import { needing } from "../harness/needing.ts";
import { EXPERIMENTS } from "./experiments.ts";
import { SHORT, SHORT_PATIENCE } from "./options.ts";
import { formatReport } from "./report.ts";

const { test: whereThereIsAll } = needing("redis", "postgres");

/** ms for one experiment on a busy machine. */
const PATIENCE = 180_000;

/** Makes a test of each of these. */
export function testShortly(...names: string[]): void {
  whereThereIsAll.each(names)(
    "%s",
    async (name) => {
      const run = EXPERIMENTS[name]!;
      const report = await run({ ...SHORT[name]!, against: undefined, patience: SHORT_PATIENCE, json: false });
      expect(report.failures.length === 0 ? "" : formatReport(report)).toBe("");
    },
    PATIENCE,
  );
}
