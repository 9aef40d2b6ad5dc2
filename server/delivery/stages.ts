// Runs a stanza through the stages of one point, without a promise unless a stage makes one.
import type { Stanza, StanzaKind } from "../../xmpp/stanza/stanza.ts";
import { failureOf } from "../ports/failure.ts";
import type { Filter, Outcome, Stages, Verdict } from "../ports/stages.ts";
import { type Ordered, order } from "./order.ts";
import { reject } from "./verdict.ts";

/** A registered stage. */
export interface Stage<C> extends Ordered {
  readonly kinds: readonly StanzaKind[];
  readonly filter: Filter<C>;
}

/** True where the stanza goes on, and that is known already. */
export function goesOn(outcome: Outcome | Promise<Outcome>): outcome is Extract<Outcome, { kind: "go" }> {
  return !(outcome instanceof Promise) && outcome.kind === "go";
}

const STOPPED: Outcome = { kind: "stopped" };

/** Stands for stages that are missing. */
const CLOSED: Stage<unknown> = {
  name: "closed",
  kinds: ["message", "presence", "iq"],
  before: [],
  after: [],
  filter: () => reject("internal-server-error", "a part of the server is missing"),
};

/** The stages of one point of one virtual host. */
export class Pipeline<C> implements Stages<C> {
  private stages: Stage<C>[] = [];
  private byKind: Record<StanzaKind, Stage<C>[]> = { message: [], presence: [], iq: [] };
  private change: Promise<unknown> | undefined;
  private closed: ReadonlySet<StanzaKind> = new Set();
  private readonly failed: (stage: string, error: unknown) => void;

  constructor(failed: (stage: string, error: unknown) => void) {
    this.failed = failed;
  }

  /** Adds a stage; the answer takes it out again. @throws Error for a name taken already, or a cycle */
  add(stage: Stage<C>): () => void {
    if (this.stages.some(({ name }) => name === stage.name)) throw new Error(`stage ${stage.name} exists already`);
    this.have(order([...this.stages, stage]));
    return () => this.have(this.stages.filter((other) => other !== stage));
  }

  /** Names of the stages, in their order. */
  get names(): readonly string[] {
    return this.stages.map(({ name }) => name);
  }

  /**
   * Refuses every stanza of these kinds, before any stage, until it is called again: a stage for them should be there and is
   * not.
   */
  close(kinds: ReadonlySet<StanzaKind>): void {
    this.closed = kinds;
    this.have(this.stages);
  }

  /** Lists are never changed in place: a stanza goes on through those that it began with. */
  private have(stages: Stage<C>[]): void {
    this.stages = stages;
    for (const kind of ["message", "presence", "iq"] as const)
      this.byKind[kind] = this.closed.has(kind) ? [CLOSED] : stages.filter(({ kinds }) => kinds.includes(kind));
  }

  /** Until it settles every stanza waits: the stages are being changed, and one of them may be missing meanwhile. */
  hold(change: Promise<unknown>): void {
    this.change = change;
    const over = () => {
      if (this.change === change) this.change = undefined;
    };
    change.then(over, over);
  }

  idle(kind: StanzaKind): boolean {
    return this.byKind[kind].length === 0 && this.change === undefined;
  }

  run(stanza: Stanza, context: C): Outcome | Promise<Outcome> {
    if (this.change !== undefined) return this.runAfter(this.change, stanza, context);
    return this.from(this.byKind[stanza.kind], stanza, context);
  }

  private async runAfter(change: Promise<unknown>, stanza: Stanza, context: C): Promise<Outcome> {
    await change.catch(() => {});
    return this.run(stanza, context);
  }

  private from(stages: readonly Stage<C>[], stanza: Stanza, context: C): Outcome | Promise<Outcome> {
    let current = stanza;
    for (let i = 0; i < stages.length; i++) {
      const stage = stages[i] as Stage<C>;
      const verdict = this.ask(stage, current, context);
      if (verdict instanceof Promise) return this.onceSettled(verdict, stages.slice(i + 1), current, context);
      if (verdict.kind === "pass") continue;
      if (verdict.kind !== "replace") return settle(verdict, current);
      current = inherit(verdict.stanza, current);
    }
    return { kind: "go", stanza: current };
  }

  /** Apart from `from`, which would make room for what this keeps with each stage that answers at once. */
  private async onceSettled(
    verdict: Promise<Verdict>,
    rest: readonly Stage<C>[],
    asked: Stanza,
    context: C,
  ): Promise<Outcome> {
    const outcome = settle(await verdict, asked);
    return outcome.kind === "go" ? this.from(rest, outcome.stanza, context) : outcome;
  }

  private ask(stage: Stage<C>, stanza: Stanza, context: C): Verdict | Promise<Verdict> {
    try {
      const verdict = stage.filter(stanza, context);
      return verdict instanceof Promise ? this.closedOnFailure(stage, verdict) : verdict;
    } catch (error) {
      return this.failure(stage, error);
    }
  }

  private async closedOnFailure(stage: Stage<C>, verdict: Promise<Verdict>): Promise<Verdict> {
    try {
      return await verdict;
    } catch (error) {
      return this.failure(stage, error);
    }
  }

  private failure(stage: Stage<C>, error: unknown): Verdict {
    this.failed(stage.name, error);
    return failureVerdict(error);
  }
}

function failureVerdict(error: unknown): Verdict {
  const { condition, text } = failureOf(error);
  return reject(condition, text);
}

/** Who waits for a stanza waits for what it was replaced by. */
function inherit(replacement: Stanza, original: Stanza): Stanza {
  replacement.safety ??= original.safety;
  return replacement;
}

function settle(verdict: Verdict, stanza: Stanza): Outcome {
  switch (verdict.kind) {
    case "pass":
      return { kind: "go", stanza };
    case "replace":
      return { kind: "go", stanza: inherit(verdict.stanza, stanza) };
    case "handled":
      stanza.safety?.became(verdict.fate);
      return STOPPED;
    case "reject":
      return { kind: "rejected", condition: verdict.condition, details: verdict.details };
  }
}
