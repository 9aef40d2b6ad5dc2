// Secrets that are none: whoever knows that a file is empty could prove our domains, or make tokens.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { ConfigError } from "./load.ts";
import { readSecret } from "./secret.ts";

const folder = mkdtempSync(join(tmpdir(), "secret-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function inFile(text: string): { file: string } {
  const file = join(folder, "secret");
  writeFileSync(file, text);
  return { file };
}

function inVariable(text: string): { env: string } {
  process.env.MERIDIAN_TRIED = text;
  return { env: "MERIDIAN_TRIED" };
}

test.each(["federation.dialbackSecret", "authentication.tokenSecret", "components[c.test].secret"])(
  "%s has 16 characters, wherever it stands",
  (path) => {
    for (const given of [inFile, inVariable]) {
      expect(readSecret(given("0123456789abcdef"), path)).toBe("0123456789abcdef");
      for (const short of ["", "0123456789abcde"]) expect(() => readSecret(given(short), path)).toThrow(ConfigError);
    }
    expect(() => readSecret(inFile(" \n"), path)).toThrow(/\.file: .*secret is empty/);
    expect(() => readSecret(inVariable("short"), path)).toThrow(/MERIDIAN_TRIED holds 5 characters: .* at least 16/);
  },
);

test.each(["cluster.redis.password", "cluster.redis.sentinel.password", "authentication.providers[0].token"])(
  "%s is another service's: as long as that wants, but not empty",
  (path) => {
    for (const given of [inFile, inVariable]) {
      expect(readSecret(given("short"), path)).toBe("short");
      expect(() => readSecret(given(""), path)).toThrow(/is empty/);
    }
  },
);

test("what is not there is told with its setting", () => {
  expect(() => readSecret({ file: join(folder, "none") }, "a.b")).toThrow(
    /a\.b\.file: .*none cannot be read \(ENOENT\)/,
  );
  expect(() => readSecret({ env: "MERIDIAN_NONE" }, "a.b")).toThrow("a.b.env: the variable MERIDIAN_NONE is not set");
});
