// How a failure is logged: thousands in an outage leave no stack, and every other one does.
import { expect, test } from "@jest/globals";
import pino from "pino";
import { ManualClock } from "../../test/harness/manual-clock.ts";
import { AuthenticationUnavailable } from "../ports/account-errors.ts";
import { StoreUnavailable } from "../ports/store.ts";
import { Outages, tellFailure } from "./failure.ts";

function logged(error: unknown, level?: "warn", said?: Outages): Record<string, unknown>[] {
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line) => void lines.push(line) });
  tellFailure(log, { error, text: "it failed", facts: { jid: "a@b" }, said, ...(level && { level }) });
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("the store's outage is told without a stack, where nobody looks by default", () => {
  const [line] = logged(new StoreUnavailable("the database is not available"));
  expect(line).toMatchObject({ level: 20, msg: "it failed", jid: "a@b", reason: "the database is not available" });
  expect(JSON.stringify(line)).not.toContain("stack");
});

test.each([undefined, "warn"] as const)("another failure has its stack (%s)", (level) => {
  const [line] = logged(new Error("a mistake"), level);
  expect(line).toMatchObject({ level: level === "warn" ? 40 : 50, msg: "it failed", jid: "a@b" });
  expect(line?.err).toMatchObject({ message: "a mistake", stack: expect.any(String) });
});

test("an outage of a service outside is a line without a stack, once a minute, with how often it was not said", async () => {
  const clock = new ManualClock(1_000_000);
  const said = new Outages(clock);
  const levels = (error: Error) => logged(error, undefined, said).map(({ level }) => level);
  const refused = new AuthenticationUnavailable("auth.example.org could not be asked: ECONNREFUSED");
  const [first] = logged(refused, undefined, said);
  expect(first).toMatchObject({ level: 50, msg: "it failed", jid: "a@b", reason: refused.message });
  expect(JSON.stringify(first)).not.toContain("stack");
  for (let i = 0; i < 1_000; i++) expect(levels(refused)).toEqual([20]);
  // Another reason is another thing to look at.
  expect(levels(new AuthenticationUnavailable("auth.example.org answered 500"))).toEqual([50]);
  expect(levels(new AuthenticationUnavailable("reported by who asked it", true))).toEqual([20]);
  await clock.advance(60_000);
  expect(logged(refused, undefined, said)).toMatchObject([{ level: 50, left: 1_000 }]);
  expect(levels(refused)).toEqual([20]);
});
