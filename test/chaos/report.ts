// What an experiment found: figures, and which of them are beyond their bounds.
import { format, show } from "../../bench/harness/figures.ts";
import type { Verdict } from "./evidence.ts";

/** One figure; with a bound it can fail. */
export interface Figure {
  readonly what: string;
  readonly value: number | string;
  /** The bound as people read it. */
  readonly bound?: string;
  readonly ok?: boolean;
}

/** One experiment's outcome. */
export interface Report {
  readonly experiment: string;
  readonly site: string;
  readonly figures: readonly Figure[];
  /** Figures beyond their bounds. */
  readonly failures: readonly Figure[];
  /** Examples, for whoever looks for the fault. */
  readonly notes: readonly string[];
}

export function plain(what: string, value: number | string): Figure {
  return { what, value };
}

export function atMost(what: string, value: number, most: number, unit = ""): Figure {
  return { what, value, bound: `at most ${show(most)}${unit}`, ok: value <= most };
}

export function atLeast(what: string, value: number, least: number, unit = ""): Figure {
  return { what, value, bound: `at least ${show(least)}${unit}`, ok: value >= least };
}

/** The figures of a book. Order is bounded where the experiment is about it: what comes by way of the offline store may be late. */
export function bookFigures(verdict: Verdict, inOrder = false): Figure[] {
  return [
    plain("messages sent", verdict.sent),
    plain("acknowledged", verdict.acknowledged),
    plain("received", verdict.received),
    plain("returned with an error", verdict.refused),
    plain("neither acknowledged nor received", verdict.unknown),
    atMost("acknowledged and lost", verdict.lost.length, 0),
    atMost("received twice", verdict.duplicates.length, 0),
    inOrder
      ? atMost("out of order within a pair", verdict.disordered.length, 0)
      : plain("out of order within a pair", verdict.disordered.length),
  ];
}

/** Puts a report together. */
export function report(
  experiment: string,
  site: string,
  figures: readonly Figure[],
  verdict?: Verdict,
  more: readonly string[] = [],
): Report {
  const failures = figures.filter(({ ok }) => ok === false);
  const some = (name: string, ids: readonly string[] = []) =>
    ids.length === 0 ? [] : [`${name}: ${ids.slice(0, 5).join(" ")}`];
  const notes = [
    ...some("lost", verdict?.lost),
    ...some("twice", verdict?.duplicates),
    ...some("out of order", verdict?.disordered),
    ...more,
  ];
  return { experiment, site, figures, failures, notes };
}

/** A report as text. */
export function formatReport({ experiment, site, figures, failures, notes }: Report): string {
  const rows = figures.map(({ what, value, bound = "", ok }) => ({
    figure: what,
    value,
    bound,
    "": ok === undefined ? "" : ok ? "ok" : "BEYOND",
  }));
  const outcome = failures.length === 0 ? "within its bounds" : `${failures.length} beyond`;
  return `${format({ title: `${experiment} (${site}): ${outcome}`, rows })}${notes.map((note) => `${note}\n`).join("")}`;
}
