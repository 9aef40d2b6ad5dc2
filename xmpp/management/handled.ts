// Which stanzas of a stream are safe, in the order they came: what may be acknowledged. XEP-0198 §4, §5.

import { NO_PRINT, type Print, printOf, printText, Repeat } from "../stanza/print.ts";
import { Safety } from "../stanza/safety.ts";
import type { RawElement } from "../xml/raw-element.ts";
import { beyond } from "./count.ts";

/** Unsafe stanzas that are recognised when they come again; what is beyond them costs no more than its count. */
const RECOGNISED = 2_000;
/** Unsafe stanzas of one side beyond which no more are to be taken from it. */
const LIMIT = 10_000;

/** One stanza that was taken, and is perhaps not safe yet. */
export interface Taken {
  readonly safety: Safety;
  print: Print;
  /** Safe ones that came right behind it, of which no more is kept. */
  more: number;
  /** While it is there, whoever sent the stanza is to be read no further. */
  busy: Promise<void> | undefined;
  /** Given one that was sent again: how to take it anew, should who has it die before it is safe. */
  readonly keep: ((anew: Anew) => void) | undefined;
}

/** What is logged of a stanza that nobody answers for. */
export const UNOWNED = "nobody answers for a stanza that was taken";

/** Takes a stanza once more. */
export type Anew = () => void | Promise<void>;

/** A stanza taken by another node, which says when it is safe there. */
export interface TakenElsewhere extends Pick<Taken, "print" | "keep"> {
  /** Told whom to call once it is safe. */
  readonly whenSafe: (safe: () => void) => void;
}

/**
 * One side's count of what it took, for C2S and S2S alike. A stanza is acknowledged once it and all before it are safe.
 *
 * When a stream is resumed, the peer is told `h` and sends again what is beyond it, though some of that is here already
 * and on its way to be safe. Those are the first stanzas to come then: each is recognised and takes the place of what
 * it repeats, so that it is counted once and delivered once.
 */
export class Handled {
  /** Taken on the present stream and not acknowledged, in order. */
  private open: Taken[] = [];
  /** As many as that are: with those of which only the count is kept. */
  private opened = 0;
  /** So many kept ones are looked through for what is safe: rarely enough to cost nothing. */
  private crowded = 2 * RECOGNISED;
  /** Taken on earlier streams beyond what the peer was told: it may send them again, in this order. */
  private before: Taken[] = [];
  /** Stanzas to come that may be among those. */
  private window = 0;
  private safe: number;
  private readonly waiters: (() => void)[] = [];
  private readonly waitersForRoom: (() => void)[] = [];
  /** Called when more is safe than before. */
  progressed: () => void;
  /** Called where a stanza was let go of by all who had it, and nobody said what became of it: a fault of ours. */
  unowned: () => void = nothing;

  /** `safe`: stanzas that were handled before; `before`: what another node took beyond them. */
  constructor(progressed: () => void, safe = 0, before: readonly TakenElsewhere[] = []) {
    this.progressed = progressed;
    this.safe = safe;
    this.before = before.map((taken) => this.elsewhere(taken));
    this.window = before.length;
  }

  /** Safe stanzas, modulo 2^32: the `h` of an acknowledgement. */
  get h(): number {
    return this.safe;
  }

  /** Stanzas taken, safe or not, modulo 2^32. */
  get taken(): number {
    return beyond(this.safe, this.opened);
  }

  /** True where nothing is unsafe. */
  get allSafe(): boolean {
    return this.open.length === 0;
  }

  /** True where so much is unsafe that no more should be taken before some of it is safe. */
  get full(): boolean {
    return this.open.length >= LIMIT && this.uncrowded() >= LIMIT;
  }

  /**
   * Counts a stanza and gives it to `deliver` with its safety; what is here already is not given again. A promise is
   * there while the stream should be read no further.
   */
  accept(raw: RawElement, deliver: (safety: Safety) => void | Promise<void>): void | Promise<void> {
    const known = this.again(raw);
    if (known !== undefined) {
      known.keep?.(() => delivered(deliver(known.safety), known));
      return known.busy;
    }
    const taken = this.take(raw);
    return delivered(deliver(taken.safety), taken);
  }

  /** Counts one more; it is safe once its safety has been released. */
  take(raw: RawElement): Taken {
    const print = this.open.length < RECOGNISED ? printOf(raw) : NO_PRINT;
    const taken: Taken = { safety: new Safety(this.advance), print, more: 0, busy: undefined, keep: undefined };
    this.add(taken);
    return taken;
  }

  /** Counts a stanza that is here already, and was sent again after a resumption; undefined for any other one. */
  again(raw: RawElement): Taken | undefined {
    if (this.window === 0) return undefined;
    this.window--;
    const repeat = new Repeat(raw);
    const at = this.before.findIndex((taken) => repeat.isOf(taken));
    const taken = this.before[at];
    // What it passed over, the peer does not send again: it keeps its order.
    if (at !== -1) this.before.splice(0, at + 1);
    if (this.window === 0) this.before = [];
    if (taken === undefined) return undefined;
    this.add(taken);
    this.settle();
    return taken;
  }

  /**
   * Another stream goes on with the count. Returns the `h` to tell: what the peer sent beyond it counts when it comes
   * again, and not before.
   */
  resume(): number {
    this.before = [...this.open, ...this.before].slice(0, RECOGNISED);
    for (const taken of this.before) taken.more = 0;
    this.window = this.before.length;
    this.open = [];
    this.opened = 0;
    wake(this.waiters);
    wake(this.waitersForRoom);
    return this.safe;
  }

  /** What a peer may send again after a resumption, for another node that goes on with the count. */
  unsafe(): readonly { readonly print: string; readonly taken: Taken }[] {
    return [...this.open, ...this.before]
      .slice(0, RECOGNISED)
      .map((taken) => ({ print: printText(taken.print), taken }));
  }

  /** Resolves once everything taken so far is safe, or the stream was resumed. */
  whenSafe(): Promise<void> {
    return this.allSafe ? Promise.resolve() : new Promise((resolve) => this.waiters.push(resolve));
  }

  /** Resolves once it is not full, or the stream was resumed. */
  whenRoom(): Promise<void> {
    return this.full ? new Promise((resolve) => this.waitersForRoom.push(resolve)) : Promise.resolve();
  }

  private elsewhere({ print, keep, whenSafe }: TakenElsewhere): Taken {
    const safety = new Safety(this.advance);
    whenSafe(() => safety.release("safe elsewhere"));
    return { safety, print, more: 0, busy: undefined, keep };
  }

  private add(taken: Taken): void {
    this.opened++;
    if (this.open.push(taken) >= this.crowded) this.crowded = Math.max(2 * this.uncrowded(), 2 * RECOGNISED);
  }

  /** Keeps of what is safe no more than its count, where it is not recognised either. Returns what is kept. */
  private uncrowded(): number {
    const kept: Taken[] = [];
    for (const taken of this.open) {
      const last = kept.length < RECOGNISED ? undefined : kept[kept.length - 1];
      if (last !== undefined && taken.safety.done) last.more += 1 + taken.more;
      else kept.push(taken);
    }
    this.open = kept;
    return kept.length;
  }

  private readonly advance = (safety: Safety): void => {
    if (safety.fate === "passed on") this.unowned();
    if (this.open[0]?.safety === safety) this.settle();
  };

  private settle(): void {
    let settled = 0;
    let count = 0;
    for (let taken = this.open[0]; taken?.safety.done === true; taken = this.open[++settled]) count += 1 + taken.more;
    if (settled === 0) return;
    if (settled === this.open.length) this.open = [];
    else this.open.splice(0, settled);
    this.opened -= count;
    this.safe = beyond(this.safe, count);
    this.progressed();
    if (this.allSafe) wake(this.waiters);
    if (this.waitersForRoom.length > 0 && !this.full) wake(this.waitersForRoom);
  }
}

function wake(waiters: (() => void)[]): void {
  if (waiters.length > 0) for (const waiter of waiters.splice(0)) waiter();
}

function nothing(): void {}

/** Its maker lets go of a stanza that is on its way. */
function delivered(done: void | Promise<void>, taken: Taken): void | Promise<void> {
  if (done === undefined) return taken.safety.release("passed on");
  taken.busy = done.then(() => {
    taken.busy = undefined;
    taken.safety.release("passed on");
  });
  return taken.busy;
}
