// Jest's runner: test files on every core; after them those that do harm, and at last, one by one, those that compare times.
"use strict";

const path = require("node:path");
const { default: TestRunner } = require("jest-runner");

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
    const { rootDir } = this._globalConfig;
    const together = new Set(tests);
    const take = (beginnings) =>
      beginnings.flatMap((beginning) => {
        const found = [...together].filter((test) => path.relative(rootDir, test.path).startsWith(beginning));
        for (const test of found) together.delete(test);
        return found;
      });
    const harm = take(HARM);
    const alone = take(ALONE);
    if (together.size > 0) await super.runTests([...together], watcher, options);
    if (harm.length > 0) await super.runTests(harm, watcher, options);
    if (alone.length > 0) await super.runTests(alone, watcher, { ...options, serial: true });
  }
};
