// When a client is asked what it has handled. XEP-0198 §4.
import type { Timer } from "../../../xmpp/clock.ts";
import { SM_REQUEST } from "../../../xmpp/management/elements.ts";
import { flushLater } from "../../../xmpp/stream/gather.ts";
import type { CarriedSession } from "./carried.ts";

/** Stanzas sent after which an acknowledgement is asked for at once. */
const ASK_AFTER = 8;
/** ms after a stanza at which one is asked for all the same. */
const ASK_DELAY = 1_000;

/** The questions to one client. */
export class Asking {
  private readonly session: CarriedSession;
  private sinceAsked = 0;
  private soon = false;
  private timer: Timer | undefined;

  constructor(session: CarriedSession) {
    this.session = session;
  }

  /** One more was sent; `awaited` where its sender waits for the client's word. */
  sent(awaited: boolean): void {
    this.sinceAsked++;
    if (awaited) return;
    if (this.sinceAsked >= ASK_AFTER) this.now();
    else this.timer ??= this.session.host.clock.setTimeout(() => this.now(), ASK_DELAY);
  }

  /** At the end of the turn: one question serves everything of it. */
  atTurnsEnd(): void {
    if (this.soon) return;
    this.soon = true;
    flushLater(this);
  }

  flush(): void {
    this.soon = false;
    if ((this.session.sm?.waiting ?? 0) > 0) this.now();
  }

  now(): void {
    this.stop();
    this.session.connection?.stream.send(SM_REQUEST);
  }

  stop(): void {
    this.session.host.clock.clearTimeout(this.timer);
    this.timer = undefined;
    this.sinceAsked = 0;
  }
}
