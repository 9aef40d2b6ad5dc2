// IQ requests that the server itself sends, and the answers it waits for.
import { randomBytes } from "node:crypto";
import type { Clock, Timer } from "../../xmpp/clock.ts";
import { Content } from "../../xmpp/stanza/content.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { AnswerWays } from "../ports/cluster.ts";
import type { PendingRequests } from "../ports/host.ts";

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
export class Requests implements PendingRequests {
  private readonly pending = new Map<string, Pending>();
  private readonly clock: Clock;
  private readonly ways: AnswerWays;

  constructor(clock: Clock, ways: AnswerWays) {
    this.clock = clock;
    this.ways = ways;
  }

  /** An id nobody can guess, so that nobody else can answer. */
  static newId(): string {
    return randomBytes(9).toString("base64url");
  }

  /**
   * Waits for the answer to a request. Returns the request as it is to be sent, with an id by which its answer finds
   * this node; undefined where too many wait. @throws Error where the request has no `to`
   */
  expect(request: Stanza, done: (answer: Stanza | undefined) => void): Stanza | undefined {
    const { kind, from, to, type, lang, extra, tail, children } = request;
    if (to === undefined) throw new Error("a request needs a `to`");
    if (this.pending.size >= PENDING_LIMIT) {
      done(undefined);
      return undefined;
    }
    const id = this.ways.newId();
    const timer = this.clock.setTimeout(() => {
      this.pending.delete(id);
      done(undefined);
    }, ANSWER_TIMEOUT);
    this.pending.set(id, { to: to.full, timer, done });
    return new Stanza(kind, from, to, new Content(id, type, lang, extra, tail, children));
  }

  /**
   * Takes a result or error addressed to us. One that nobody waits for goes to the node that asked, unless it comes from
   * another node already; else it is dropped.
   */
  answered(stanza: Stanza, forwarded = false): void {
    const waiting = this.pending.get(stanza.id ?? "");
    if (waiting === undefined && !forwarded) this.ways.forward(stanza);
    if (waiting === undefined || waiting.to !== stanza.from?.full) return;
    this.pending.delete(stanza.id as string);
    this.clock.clearTimeout(waiting.timer);
    waiting.done(stanza);
  }
}
