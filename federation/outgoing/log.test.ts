// A flood of domains that fail leaves a bounded number of lines; of a link each is written.
import { expect, test } from "@jest/globals";
import type { Logger } from "pino";
import { StrangersLog } from "../../server/index.ts";
import type { Clock } from "../../xmpp/clock.ts";
import type { FederationContext } from "../way/context.ts";
import { logLine } from "./log.ts";

test("a flood is bounded, counted, and costs a link no line", () => {
  const written: { readonly level: string; readonly facts: object }[] = [];
  const write = (level: string) => (facts: object) => void written.push({ level, facts });
  const log = { info: write("info"), warn: write("warn"), debug: () => {} } as unknown as Logger;
  const swept: (() => void)[] = [];
  let now = 0;
  const clock = { now: () => now, setTimeout: (f: () => void) => swept.push(f), clearTimeout: () => {} };
  const dialled = new StrangersLog(log, clock as unknown as Clock);
  const context = { linked: new Set(["eu.test"]), log, dialled } as unknown as FederationContext;
  const fail = (domain: string) =>
    logLine(context, "warn", "s2s out failed", { domain, address: "", facts: { to: domain } });

  for (let i = 0; i < 5_000; i++) fail(`x${i}.flood.test`);
  const lines = written.length;
  expect(lines).toBeLessThan(100);
  expect(written[0]).toEqual({ level: "warn", facts: { to: "x0.flood.test" } });
  for (let i = 0; i < 3; i++) fail("eu.test");
  expect(written.length - lines).toBe(3);
  // A minute later: how many there were, and room again.
  now += 60_000;
  for (const sweep of swept.splice(0)) sweep();
  expect(written.at(-1)?.facts).toMatchObject({ left: 5_000 - lines });
  fail("later.test");
  expect(written.at(-1)?.facts).toEqual({ to: "later.test" });
});
