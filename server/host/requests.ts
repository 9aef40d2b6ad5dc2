// IQ requests that the server itself sends, and the answers it waits for.
import { randomBytes } from "node:crypto";
import type { Clock, Timer } from "../clock.ts";
import type { Jid } from "../jid/jid.ts";
import type { Stanza } from "../stanza/stanza.ts";

/** ms to wait for an answer. */
const ANSWER_TIMEOUT = 30_000;
/** Requests that may wait at one time. */
const PENDING_LIMIT = 10_000;

interface Pending {
  readonly to: string;
  readonly timer: Timer;
  readonly done: (answer: Stanza | undefined) => void;
}

/** Pending requests by id. */
export class Requests {
  private readonly pending = new Map<string, Pending>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** An id nobody can guess, so that nobody else can answer. */
  static newId(): string {
    return randomBytes(9).toString("base64url");
  }

  /** Waits for the answer from `to` under `id`. */
  expect(id: string, to: Jid, done: (answer: Stanza | undefined) => void): void {
    if (this.pending.size >= PENDING_LIMIT) return done(undefined);
    const timer = this.clock.setTimeout(() => {
      this.pending.delete(id);
      done(undefined);
    }, ANSWER_TIMEOUT);
    this.pending.set(id, { to: to.full, timer, done });
  }

  /** Takes a result or error addressed to us; one that nobody waits for is dropped. */
  answered(stanza: Stanza): void {
    const waiting = this.pending.get(stanza.id ?? "");
    if (waiting === undefined || waiting.to !== stanza.from?.full) return;
    this.pending.delete(stanza.id as string);
    this.clock.clearTimeout(waiting.timer);
    waiting.done(stanza);
  }
}
