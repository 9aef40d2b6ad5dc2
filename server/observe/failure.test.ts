// How a failure is logged: thousands in an outage of the store leave no stack, and every other one does.
import { expect, test } from "@jest/globals";
import pino from "pino";
import { StoreUnavailable } from "../storage/ports.ts";
import { logFailure } from "./failure.ts";

function logged(error: unknown, level?: "warn"): Record<string, unknown>[] {
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line) => void lines.push(line) });
  logFailure(log, error, "it failed", { jid: "a@b" }, level);
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
