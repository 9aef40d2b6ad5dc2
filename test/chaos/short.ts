// Tests of the chaos experiments in their short form: what is promised holds, with fewer clients and for seconds.
import { expect, test } from "@jest/globals";
import { findPostgres, POSTGRES_HINT } from "../harness/postgres.ts";
import { findRedis, REDIS_HINT } from "../harness/redis.ts";
import { EXPERIMENTS } from "./experiments.ts";
import { SHORT, SHORT_PATIENCE } from "./options.ts";
import { formatReport } from "./report.ts";

const missing = [
  ...(findRedis() === undefined ? [REDIS_HINT] : []),
  ...(findPostgres() === undefined ? [POSTGRES_HINT] : []),
];
if (missing.length > 0) process.stderr.write(`chaos experiments are skipped: ${missing.join(", ")}\n`);
const whereThereIsAll = missing.length === 0 ? test : test.skip;

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
