// Whoever asks owners: one line for each key, in order, asked again of the next owner where there was no answer.
import type { Clock, Timer } from "../../../xmpp/clock.ts";
import { type OwnerRequest, OwnerUnavailable } from "../../ports/owned.ts";
import type { Outcome } from "./owner.ts";

/** ms that one waits for an answer. */
const PATIENCE = 30_000;
/** Requests that may wait for one key, and characters of them. */
const WAITING = 1_000;
const SIZE = 4_194_304;
/** Requests, and characters of them, that are asked at once. */
const AT_ONCE = 100;
const SIZE_AT_ONCE = 262_144;
/** ms until what had no answer is asked again. */
const PAUSE = 50;

/** How a line is given to an owner. */
export interface AskerParts {
  readonly clock: Clock;
  /** This process's name at the moment: a request keeps the one with which it was made. */
  readonly member: () => string;
  /** The member that a key belongs to. */
  readonly memberOf: (name: string) => string;
  /** Gives requests to a member; the number comes back with `answered`, or `failed`. */
  readonly give: (member: string, number: number, name: string, requests: readonly OwnerRequest[]) => void;
}

interface Asked extends OwnerRequest {
  readonly done: (text: string) => void;
  readonly failed: (error: Error) => void;
  readonly timer: Timer;
  /** It may have been done. */
  sent: boolean;
  /** Nobody waits for it any more. */
  over: boolean;
}

/** What waits for a key's owner; one lot of it is under way at a time, so that none overtakes another. */
interface Line {
  readonly name: string;
  waiting: Asked[];
  size: number;
  underWay: { readonly member: string; readonly number: number; readonly asked: readonly Asked[] } | undefined;
  pause: Timer | undefined;
}

/** The askers of one node. */
export class Asker {
  private readonly parts: AskerParts;
  private readonly lines = new Map<string, Line>();
  private readonly byNumber = new Map<number, Line>();
  private numbers = 0;
  private ids = 0;

  constructor(parts: AskerParts) {
    this.parts = parts;
  }

  /** Keys with something that waits. */
  get size(): number {
    return this.lines.size;
  }

  /** @throws OwnerUnavailable, or with what the owner said */
  ask(name: string, text: string): Promise<string> {
    const line = this.lines.get(name) ?? this.newLine(name);
    if (line.waiting.length >= WAITING || line.size + text.length > SIZE)
      return Promise.reject(new OwnerUnavailable("too much waits for the same"));
    const id = `${this.parts.member()} ${++this.ids}`;
    return new Promise((done, failed) => {
      const timer = this.parts.clock.setTimeout(() => this.giveUp(line, asked), PATIENCE);
      const asked: Asked = { id, text, done, failed, timer, sent: false, over: false };
      line.waiting.push(asked);
      line.size += text.length;
      this.goOn(line);
    });
  }

  /** An owner's answer to what has that number. */
  answered(number: number, outcomes: readonly Outcome[]): void {
    const line = this.byNumber.get(number);
    const asked = this.taken(number);
    if (line === undefined || asked === undefined) return;
    const again: Asked[] = [];
    for (const [i, one] of asked.entries()) {
      const outcome = outcomes[i] ?? { kind: "again" };
      if (outcome.kind === "again") again.push(one);
      else this.settle(line, one, outcome);
    }
    if (again.length > 0) this.askAgain(line, again, PAUSE);
    else this.goOn(line);
  }

  /** What has that number did not get there, or is with a member that takes no more. */
  failed(number: number, pause = PAUSE): void {
    const line = this.byNumber.get(number);
    const asked = this.taken(number);
    if (line !== undefined && asked !== undefined) this.askAgain(line, asked, pause);
  }

  /** What a member had not answered is asked of the next one. */
  died(member: string): void {
    for (const line of [...this.lines.values()])
      if (line.underWay?.member === member) this.failed(line.underWay.number, 0);
  }

  private taken(number: number): readonly Asked[] | undefined {
    const line = this.byNumber.get(number);
    this.byNumber.delete(number);
    if (line?.underWay?.number !== number) return undefined;
    const { asked } = line.underWay;
    line.underWay = undefined;
    return asked;
  }

  /** In their order, before everything that came later. */
  private askAgain(line: Line, asked: readonly Asked[], pause: number): void {
    line.waiting = [...asked.filter(({ over }) => !over), ...line.waiting];
    line.pause ??= this.parts.clock.setTimeout(() => {
      line.pause = undefined;
      this.goOn(line);
    }, pause);
  }

  private goOn(line: Line): void {
    if (line.underWay !== undefined || line.pause !== undefined) return;
    if (line.waiting.length === 0) return void this.lines.delete(line.name);
    const asked = nextOf(line.waiting);
    line.waiting = line.waiting.slice(asked.length);
    for (const one of asked) one.sent = true;
    const member = this.parts.memberOf(line.name);
    const number = ++this.numbers;
    line.underWay = { member, number, asked };
    this.byNumber.set(number, line);
    this.parts.give(member, number, line.name, asked);
  }

  private settle(line: Line, asked: Asked, outcome: { readonly kind: "done" | "failed"; readonly text: string }): void {
    if (!this.leave(line, asked)) return;
    if (outcome.kind === "done") asked.done(outcome.text);
    else asked.failed(new OwnerUnavailable(outcome.text, true));
  }

  private giveUp(line: Line, asked: Asked): void {
    if (!this.leave(line, asked)) return;
    line.waiting = line.waiting.filter((one) => one !== asked);
    asked.failed(new OwnerUnavailable("no owner answered in time", asked.sent));
    this.goOn(line);
  }

  private leave(line: Line, asked: Asked): boolean {
    if (asked.over) return false;
    asked.over = true;
    line.size -= asked.text.length;
    this.parts.clock.clearTimeout(asked.timer);
    return true;
  }

  private newLine(name: string): Line {
    const line: Line = { name, waiting: [], size: 0, underWay: undefined, pause: undefined };
    this.lines.set(name, line);
    return line;
  }
}

/** At least one. */
function nextOf(waiting: readonly Asked[]): readonly Asked[] {
  let size = 0;
  const end = waiting.findIndex(({ text }, i) => {
    size += text.length;
    return i > 0 && (i >= AT_ONCE || size > SIZE_AT_ONCE);
  });
  return end === -1 ? waiting : waiting.slice(0, end);
}
