// Jest: ESM and TypeScript as Node runs it, types stripped by a small transform; nothing that a test starts outlives it.
import { availableParallelism } from "node:os";

export default {
  testEnvironment: "<rootDir>/test/harness/run/environment.ts",
  runner: "<rootDir>/test/harness/run/runner.cjs",
  // One more than there are cores: a quarter of the time tests wait, for a lease to end or a server to start.
  maxWorkers: availableParallelism() + 1,
  globalSetup: "<rootDir>/test/harness/run/setup.ts",
  globalTeardown: "<rootDir>/test/harness/run/teardown.ts",
  reporters: ["default", "<rootDir>/test/harness/run/left-out.ts"],
  // Beside the packages: what a run leaves elsewhere is nothing.
  cacheDirectory: "<rootDir>/node_modules/.cache/jest",
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/harness/strip-types.cjs" },
  moduleFileExtensions: ["ts", "js", "mjs", "cjs", "json"],
  testMatch: ["<rootDir>/{app,xmpp,contract,server,federation,regions,infra,test,bench}/**/*.test.ts"],
  // ms: ends what hangs, and decides nothing else. Files run beside each other, and leave each less than a core.
  testTimeout: 60000,
  // ms: a worker that holds nothing open takes longer than Jest's half second to end where the machine is busy.
  workerGracefulExitTimeout: 5000,
};
