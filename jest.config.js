// Jest: ESM and TypeScript as Node runs it, types stripped by a small transform.
export default {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/harness/strip-types.cjs" },
  moduleFileExtensions: ["ts", "js", "mjs", "cjs", "json"],
  testMatch: ["<rootDir>/{app,server,federation,regions,infra,test,bench}/**/*.test.ts"],
  testTimeout: 30000,
};
