// Jest's reporter of what was not run, and why: a table for the very end, with the command that adds it.
import type { AggregatedResult } from "@jest/reporters";
import { type Need, SOFTWARE, type Software } from "../../packages.ts";
import { LEFT_OUT, NEEDS } from "../left-out.ts";
import { ALL, installCommand, packagesOf } from "../software.ts";

/** Tests that were not run for one reason. */
interface Row {
  readonly what: string;
  readonly why: string;
  tests: number;
}

declare global {
  /** The table, for `teardown.ts`: Jest has its own summary after whatever a reporter says. */
  var meridianLeftOut: string | undefined;
}

export default class LeftOutReporter {
  readonly #chosenByName: boolean;

  constructor({ testNamePattern }: { readonly testNamePattern?: string }) {
    this.#chosenByName = testNamePattern !== undefined && testNamePattern !== "";
  }

  onRunComplete(_contexts: unknown, { testResults }: AggregatedResult): void {
    const results = testResults.flatMap((file) => file.testResults).filter(({ status }) => status === "pending");
    globalThis.meridianLeftOut = tableOf(results, this.#chosenByName);
  }
}

/**
 * The table; "" where everything was run. Tests that were left out without a reason are told of too, but where a name
 * was asked for, and all others are left out.
 */
export function tableOf(pending: readonly { readonly fullName: string }[], chosenByName: boolean): string {
  const rows = new Map<string, Row>();
  const missing = new Set<Need>();
  for (const { fullName } of pending) {
    const needs = needsIn(fullName);
    const reason = after(fullName, LEFT_OUT);
    if (needs.length > 0)
      for (const need of needs) {
        missing.add(need);
        const { packages, optional, for: what }: Software = SOFTWARE[need];
        count(rows, `${packages.join(" ")}${optional === true ? " (optional)" : ""}`, what);
      }
    else if (reason !== undefined) count(rows, "-", reason);
    else if (!chosenByName) count(rows, "-", `skipped: ${fullName}`);
  }
  if (rows.size === 0) return "";
  const shown = [
    ["package", "tests", "what they try"],
    ...[...rows.values()].map((row) => [row.what, String(row.tests), row.why]),
  ];
  const [first, second] = [0, 1].map((column) => Math.max(...shown.map((cells) => cells[column]?.length ?? 0)));
  const lines = shown.map(
    ([what = "", tests = "", why = ""]) => `  ${what.padEnd(first ?? 0)}  ${tests.padStart(second ?? 0)}  ${why}`,
  );
  const packages = packagesOf([...missing]);
  const how =
    packages.length === 0
      ? ""
      : `\nThis adds them (or, where apt-get may be run: npm test -- --install):\n  ${installCommand(packages)}`;
  return `Not run on this machine:\n${lines.join("\n")}${how}`;
}

function count(rows: Map<string, Row>, what: string, why: string): void {
  const key = `${what}\n${why}`;
  const row = rows.get(key) ?? { what, why, tests: 0 };
  row.tests += 1;
  rows.set(key, row);
}

function needsIn(title: string): Need[] {
  const names = after(title, NEEDS)?.split(", ") ?? [];
  return ALL.flatMap(([need]) => (names.includes(need) ? [need] : []));
}

/** What stands in a title between such a beginning and the bracket that closes it. */
function after(title: string, beginning: string): string | undefined {
  const at = title.indexOf(beginning);
  if (at < 0) return undefined;
  const rest = title.slice(at + beginning.length);
  return rest.slice(0, rest.indexOf(")"));
}
