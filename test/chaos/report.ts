// What an experiment found: figures, and which of them are beyond their bounds.
import { format, show } from "../../bench/harness/figures.ts";
import type { Verdict } from "./invariants.ts";

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

/** What of a book is bounded beside the rest. */
export interface BookBounds {
  /** Where the experiment is about order: what comes by way of the offline store may be late. */
  readonly inOrder?: boolean;
  /** Messages that may come twice, because what told that they had come died on its way. */
  readonly mayDouble?: (id: string) => boolean;
}

/** The figures of a book. */
export function bookFigures(verdict: Verdict, { inOrder = false, mayDouble }: BookBounds = {}): Figure[] {
  const doubled = verdict.doubled.filter((id) => mayDouble?.(id) !== true);
  return [
    plain("messages sent", verdict.sent),
    plain("acknowledged", verdict.acknowledged),
    plain("received", verdict.received),
    plain("returned with an error", verdict.returned),
    plain("neither acknowledged nor received", verdict.unknown),
    atMost("acknowledged and lost", verdict.lost.length, 0),
    atMost("returned and received as well", verdict.returnedAndReceived.length, 0),
    atMost("received by others", verdict.astray.length, 0),
    atMost("counts above what was sent", verdict.aboveSent.length, 0),
    atMost("counts that went back", verdict.wentBack.length, 0),
    ...(mayDouble === undefined ? [] : [plain("received twice in all", verdict.doubled.length)]),
    atMost("received twice", doubled.length, 0),
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
    ...some("twice", verdict?.doubled),
    ...some("out of order", verdict?.disordered),
    ...some("returned and received", verdict?.returnedAndReceived),
    ...some("by others", verdict?.astray),
    ...some("above what was sent", verdict?.aboveSent),
    ...some("went back", verdict?.wentBack),
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
