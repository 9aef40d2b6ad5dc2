// How a failure is logged: with its stack, unless something outside is away, of which a line now and then says enough.
import type { Logger } from "pino";
import { Mistake } from "../../contract/told.ts";
import { type Clock, systemClock } from "../../xmpp/clock.ts";
import { AuthenticationUnavailable } from "../ports/account-errors.ts";
import { isStoreAway } from "../ports/failure.ts";

/** What the log says of an error: the mistakes of an operator's as they are, and of all else where it came from too. */
export function factsOf(error: unknown): object {
  const mistaken = error instanceof Mistake && error.problems !== undefined;
  return mistaken ? { problems: error.problems } : { err: error };
}

/** ms between two lines of one outage. */
const PAUSE = 60_000;
/** Outages that are remembered: their reasons name a service and what it did, of which there are few. */
const LIMIT = 100;

/** What has been said of outages, and when. */
export class Outages {
  private readonly clock: Clock;
  private readonly told = new Map<string, { readonly at: number; left: number }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** True where it is to be said again; `left` is how often it was not since it last was. */
  tell(what: string): { readonly now: boolean; readonly left: number } {
    const before = this.told.get(what);
    const at = this.clock.now();
    if (before !== undefined && at >= before.at && at - before.at < PAUSE) return { now: false, left: ++before.left };
    if (this.told.size >= LIMIT) this.told.clear();
    this.told.set(what, { at, left: 0 });
    return { now: true, left: before?.left ?? 0 };
  }
}

const outages = new Outages(systemClock);

/** A failure, and what its line says. */
export interface ToldFailure {
  readonly error: unknown;
  readonly text: string;
  /** What else the line has. */
  readonly facts?: object | undefined;
  readonly level?: "error" | "warn";
  /** What has been said of outages. Default: by this process. */
  readonly said?: Outages | undefined;
}

/** Logs that something failed, as `tellFailure` does; `facts` is what else the line has. */
export function logFailure(log: Logger, error: unknown, text: string, facts?: object): void {
  tellFailure(log, { error, text, facts });
}

/**
 * Logs that something failed. In an outage of the store this is said of every log-in and every message by the thousand,
 * while the storage itself says in one line that it is away: such a failure needs neither a stack nor an operator's eye.
 * Of what else is away outside (an authentication service) a line without a stack is written, and once a minute again.
 */
export function tellFailure(log: Logger, failure: ToldFailure): void {
  const { error, text, facts = {}, level = "error", said = outages } = failure;
  if (isStoreAway(error)) return log.debug({ ...facts, reason: error.message }, text);
  if (!isOutside(error)) return log[level]({ ...facts, ...factsOf(error) }, text);
  const { now, left } = said.tell(`${text}: ${error.message}`);
  const line = { ...facts, reason: error.message, ...(left > 0 && { left }) };
  if (now && !error.told) log[level](line, text);
  else log.debug(line, text);
}

/** True for the failure of a service outside; `told` where that was logged by who asked it. */
function isOutside(error: unknown): error is AuthenticationUnavailable {
  return error instanceof AuthenticationUnavailable;
}
