// Jest's runner: test files beside each other, the longest first; after them those that do harm, and at last, one by one,
// those that compare times.
"use strict";

const { availableParallelism } = require("node:os");
const path = require("node:path");
const { default: TestRunner } = require("jest-runner");

/**
 * Files that take long, by how their paths begin, the longest first, so that none of them is left over at the end. Jest
 * goes by how long each took the last time, and knows nothing of it on a fresh clone.
 */
const LONG = [
  "test/infra/rollout-local.test.ts",
  "test/storage/contract.test.ts",
  "test/talks/",
  "test/world/",
  "test/interop/",
  "test/infra/",
  "test/cluster/",
  "test/federation/",
  "test/account/",
];

/** ms that the first of these is taken to need, and how much less each that follows, until Jest knows. */
const LONGEST = 30_000;
const STEP = 1_000;

/**
 * Files that harm servers of their own under load, by how their paths begin: as many at once as there are cores, and
 * nothing else beside them. The longest first, so that none is left over at the end.
 */
const HARM = ["test/chaos/gray-", "test/federation/peers/", "test/chaos/"];

/** Files that compare times with each other, or memory before and after. */
const ALONE = [
  "test/attacks/churn.test.ts",
  "test/attacks/guessing.test.ts",
  "test/federation/cold.test.ts",
  "server/accounts/accounts.test.ts",
];

module.exports = class Runner extends TestRunner {
  /** `options.serial` where Jest has decided so for all of them, as it does for a single file. */
  async runTests(tests, watcher, options) {
    const given = this._globalConfig;
    const together = new Set(tests);
    const pathOf = (test) => path.relative(given.rootDir, test.path);
    const take = (beginnings) =>
      beginnings.flatMap((beginning) => {
        const found = [...together].filter((test) => pathOf(test).startsWith(beginning));
        for (const test of found) together.delete(test);
        return found;
      });
    const expected = (test) => {
      const at = LONG.findIndex((beginning) => pathOf(test).startsWith(beginning));
      return test.duration ?? (at < 0 ? 0 : LONGEST - at * STEP);
    };
    const harm = take(HARM);
    const alone = take(ALONE);
    const known = [...together].every(({ duration }) => duration !== undefined);
    const rest = known ? [...together] : [...together].sort((a, b) => expected(b) - expected(a));
    if (rest.length > 0) await super.runTests(rest, watcher, options);
    // What waits leaves its core to others; what is harmed under load has one of its own.
    this._globalConfig = { ...given, maxWorkers: Math.min(given.maxWorkers, availableParallelism()) };
    if (harm.length > 0) await super.runTests(harm, watcher, options);
    if (alone.length > 0) await super.runTests(alone, watcher, { ...options, serial: true });
  }
};
