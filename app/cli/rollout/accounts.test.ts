// Accounts of the synthetic client: where they come from, and that no mistake in them tells a password.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { loadWorld } from "../../../regions/world.ts";
import { accountsProbe } from "./accounts.ts";

const folder = mkdtempSync(join(tmpdir(), "probe-accounts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const world = loadWorld(new URL("../../../regions/worlds/two-regions-small.json", import.meta.url).pathname);
const password = "hunter2-hunter2";
const accounts = Object.fromEntries(
  world.regions.map(({ name, domain }) => [name, { jid: `probe@${domain}`, password }]),
);

/** What is said of accounts in the environment. */
function told(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  try {
    accountsProbe(world, undefined, { MERIDIAN_PROBE_ACCOUNTS: text });
  } catch (error) {
    const { name, message } = error as Error;
    expect([name, message]).toEqual(["UsageError", expect.not.stringContaining(password)]);
    return message;
  }
  return "";
}

test("from the environment, from a file, or not at all", () => {
  expect(accountsProbe(world, undefined, {})).toBeUndefined();
  expect(accountsProbe(world, undefined, { MERIDIAN_PROBE_ACCOUNTS: JSON.stringify(accounts) })).toBeDefined();
  const file = join(folder, "accounts.json");
  writeFileSync(file, JSON.stringify(accounts), { mode: 0o600 });
  expect(accountsProbe(world, file, {})).toBeDefined();
});

test("a file that others may read, or that is not there, is refused", () => {
  const file = join(folder, "open.json");
  writeFileSync(file, JSON.stringify(accounts), { mode: 0o644 });
  expect(() => accountsProbe(world, file, {})).toThrow("chmod 600");
  expect(() => accountsProbe(world, join(folder, "none"), {})).toThrow("ENOENT");
});

test("every mistake is told with its path", () => {
  expect(told(`{"eu": {"password": "${password}"`)).toContain("is no JSON");
  expect(told({})).toContain("eu: no account\n  us: no account");
  expect(told({ ...accounts, eu: { jid: "probe", password, pasword: password } })).toMatch(
    /eu\.jid: a bare JID\n.*eu: .*"pasword"/,
  );
  expect(told({ ...accounts, eu: { jid: `probe@${world.domains.global}`, password } })).toMatch(
    /eu\.jid: expected an account of eu\./,
  );
});
