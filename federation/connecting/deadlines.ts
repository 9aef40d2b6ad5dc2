// Time of an attempt, or of one target's part in it: for each state, and for all of it.
import type { Clock } from "../../xmpp/clock.ts";
import { type AttemptState, OutgoingFailure, type Progress, STATE_SECONDS } from "../way/progress.ts";

/** What is bounded, and how. */
export interface DeadlineOptions {
  readonly clock: Clock;
  /** Is told what the returned progress is told. */
  readonly progress: Progress;
  /** Ends it from outside. */
  readonly signal: AbortSignal;
  /** States whose time is looked at here. */
  readonly states: readonly AttemptState[];
  /** For all of it; undefined: the states' own times will do. */
  readonly wholeSeconds?: number;
}

/** Deadlines of something under way; `stop` when it is done. */
export class Deadlines {
  /** Set once time is up. */
  expired: OutgoingFailure | undefined;
  readonly progress: Progress;
  private readonly options: DeadlineOptions;
  private readonly controller = new AbortController();
  private readonly whole: object | number | undefined;
  private stateTimer: object | number | undefined;
  private state: AttemptState = "resolving";
  private readonly onOuterAbort = () => this.controller.abort();

  constructor(options: DeadlineOptions) {
    this.options = options;
    const { clock, progress, signal, wholeSeconds } = options;
    signal.addEventListener("abort", this.onOuterAbort, { once: true });
    if (signal.aborted) this.controller.abort();
    if (wholeSeconds !== undefined) this.whole = clock.setTimeout(() => this.expire(wholeSeconds), wholeSeconds * 1000);
    this.progress = {
      enter: (state) => {
        this.enter(state);
        progress.enter(state);
      },
      note: progress.note,
    };
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The promise, or a rejection as soon as time is up. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(this.expired ?? new Error("given up"));
      if (this.signal.aborted) abort();
      this.signal.addEventListener("abort", abort, { once: true });
      promise.then(
        (value) => {
          this.signal.removeEventListener("abort", abort);
          resolve(value);
        },
        (error) => {
          this.signal.removeEventListener("abort", abort);
          reject(error);
        },
      );
    });
  }

  stop(): void {
    const { clock, signal } = this.options;
    clock.clearTimeout(this.whole);
    clock.clearTimeout(this.stateTimer);
    signal.removeEventListener("abort", this.onOuterAbort);
  }

  private enter(state: AttemptState): void {
    const { clock, states } = this.options;
    this.state = state;
    clock.clearTimeout(this.stateTimer);
    const seconds = STATE_SECONDS[state];
    if (states.includes(state)) this.stateTimer = clock.setTimeout(() => this.expire(seconds), seconds * 1000);
  }

  private expire(seconds: number): void {
    this.expired = new OutgoingFailure("remote-server-timeout", `gave up after ${seconds} s while ${this.state}`);
    this.controller.abort();
  }
}
