// Sends again, after a resumption, what the last stream may have lost; the first alone where that seems to end streams. XEP-0198 §5.
import type { C2sSession } from "../session.ts";
import { Fruitless } from "./fruitless.ts";
import type { Lending } from "./lending.ts";
import type { Unacked } from "./unacked.ts";

/** What one session's streams are sent once more. */
export class Replay {
  private readonly session: C2sSession;
  private readonly unacked: Unacked;
  private readonly lending: Lending;
  private readonly fruitless: Fruitless;
  /** Resolves once it is known whether the message on which the last stream ended is given up. */
  judging: Promise<void> | undefined;

  /** `fruitless`: streams that ended so at another node. */
  constructor(session: C2sSession, unacked: Unacked, lending: Lending, fruitless: number | undefined) {
    this.session = session;
    this.unacked = unacked;
    this.lending = lending;
    this.fruitless = new Fruitless(fruitless);
  }

  /** Resumed streams in a row that ended on what they brought. */
  get fruitlessStreams(): number {
    return this.fruitless.count;
  }

  /** True where nothing more is to be written for now: the first stanza stands alone. */
  get holdsBack(): boolean {
    return this.fruitless.careful;
  }

  /** A stream goes on. */
  begin(): void {
    const { length } = this.unacked;
    if (length === 0) return this.reset();
    this.write(this.fruitless.begin(this.session.host.clock.now()) ? 1 : length);
  }

  /** The client took something; what waited behind one that stood alone goes on. */
  acknowledged(): void {
    const waited = this.fruitless.careful;
    this.fruitless.acknowledged();
    if (!waited || this.session.waiting) return;
    this.write(this.unacked.length);
    if (this.unacked.length > 0) this.session.sm?.ask();
  }

  /** What went before says nothing of what comes. */
  reset(): void {
    this.fruitless.acknowledged();
  }

  /**
   * The connection broke. True where it ended on the one stanza that stood alone on it, which says nothing of the others.
   * For a message that counts as a delivery which it ended; anything else is left out once it ended as many.
   */
  broke(): boolean {
    if (!this.fruitless.broke(this.session.host.clock.now())) return false;
    const [first] = this.unacked.list();
    if (first === undefined) return false;
    if (this.lending.firstOpen() === first)
      this.judging = this.lending.judged(first).then(() => {
        if (first.lent) this.fruitless.leftOut();
      });
    else if (this.fruitless.enough) {
      this.fruitless.leftOut();
      this.lending.leaveOut(first);
    }
    return true;
  }

  private write(count: number): void {
    const { connection } = this.session;
    for (const kept of this.unacked.list().slice(0, count)) {
      kept.written = true;
      kept.blamed = false;
      connection?.stream.sendStanza(kept.stanza);
    }
  }
}
