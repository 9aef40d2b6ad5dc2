// Jest's runner: test files beside each other, the longest first; after them those that do harm, and at last, one by one,
// those that compare times.
"use strict";

const { availableParallelism } = require("node:os");
const path = require("node:path");
const { default: TestRunner } = require("jest-runner");

/**
 * Files that take longest, so that none of them is left over at the end. Jest goes by how long each took the last time,
 * and knows nothing of it on a fresh clone.
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
    const take = (beginnings, those = () => true) =>
      beginnings.flatMap((beginning) => {
        const found = [...together].filter(
          (test) => those(test) && path.relative(given.rootDir, test.path).startsWith(beginning),
        );
        for (const test of found) together.delete(test);
        return found;
      });
    const harm = take(HARM);
    const alone = take(ALONE);
    const long = take(LONG, ({ duration }) => duration === undefined);
    const first = [...long, ...together];
    if (first.length > 0) await super.runTests(first, watcher, options);
    // What waits leaves its core to others; what is harmed under load has one of its own.
    this._globalConfig = { ...given, maxWorkers: Math.min(given.maxWorkers, availableParallelism()) };
    if (harm.length > 0) await super.runTests(harm, watcher, options);
    if (alone.length > 0) await super.runTests(alone, watcher, { ...options, serial: true });
  }
};
