// Jest's runner: test files on every core, and after them, one by one, those in which time is what is tried.
"use strict";

const path = require("node:path");
const { default: TestRunner } = require("jest-runner");

/** Files, or folders, whose tests compare times with each other, or do harm that others would feel. */
const ALONE = [
  "test/chaos/",
  "test/attacks/churn.test.ts",
  "test/attacks/guessing.test.ts",
  "test/federation/cold.test.ts",
  "test/federation/peers/",
  "server/auth/accounts.test.ts",
];

module.exports = class Runner extends TestRunner {
  /** `options.serial` where Jest has decided so for all of them, as it does for a single file. */
  async runTests(tests, watcher, options) {
    const { rootDir } = this._globalConfig;
    const isAlone = (test) => ALONE.some((each) => path.relative(rootDir, test.path).startsWith(each));
    const together = tests.filter((test) => !isAlone(test));
    if (together.length > 0) await super.runTests(together, watcher, options);
    await super.runTests(tests.filter(isAlone), watcher, { ...options, serial: true });
  }
};
