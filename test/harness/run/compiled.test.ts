// What was compiled for one test file serves the next, and does not hinder it where a test changed V8's flags.
import { setFlagsFromString } from "node:v8";
import vm from "node:vm";
import { expect, test } from "@jest/globals";
import { keepCompiled } from "./compiled.ts";

test("a module whose compiled form V8 takes no more is compiled anew", () => {
  keepCompiled();
  const make = () => new vm.SourceTextModule("export const hark = 1;", { identifier: "compiled.test" });
  make();
  make();
  setFlagsFromString("--stress-lazy-source-positions");
  try {
    expect(make().identifier).toBe("compiled.test");
  } finally {
    setFlagsFromString("--no-stress-lazy-source-positions");
  }
});
