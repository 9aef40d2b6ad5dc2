// Sends again, after a resumption, what the last stream may have lost, as fast as the link takes it; the first alone where that seems to end streams. XEP-0198 §5.
import { hasRoom } from "../../../xmpp/stream/backlog.ts";
import type { Asking } from "./asking.ts";
import type { CarriedSession } from "./carried.ts";
import { Fruitless } from "./fruitless.ts";
import type { Lending } from "./lending.ts";
import type { SmSettings } from "./settings.ts";
import type { Kept, Unacked } from "./unacked.ts";

/** Of what may wait for a reader, the share that is sent again at once: what comes meanwhile has room beside it. */
const SHARE = 0.25;
/** Characters after which the client is asked for its word: a slow link is to tell of them, however many follow. */
const ASK_EVERY = 65_536;

/** What a replay is made of. */
export interface ReplayParts {
  readonly session: CarriedSession;
  readonly settings: SmSettings;
  readonly unacked: Unacked;
  readonly lending: Lending;
  readonly asking: Asking;
  /** Resumed streams in a row that ended so at another node. */
  readonly fruitless: number | undefined;
}

/** What one session's streams are sent once more. */
export class Replay {
  private readonly session: CarriedSession;
  private readonly unacked: Unacked;
  private readonly lending: Lending;
  private readonly asking: Asking;
  private readonly room: number;
  private readonly fruitless: Fruitless;
  /** Of what is unacknowledged, how many this stream has been sent, while that is not all; what comes waits behind it. */
  private through: number | undefined;
  private sinceAsked = 0;
  /** Resolves once it is known whether the message on which the last stream ended is given up. */
  judging: Promise<void> | undefined;

  constructor({ session, unacked, lending, asking, settings, fruitless }: ReplayParts) {
    this.session = session;
    this.unacked = unacked;
    this.lending = lending;
    this.asking = asking;
    this.room = SHARE * settings.readerSize;
    this.fruitless = new Fruitless(fruitless);
  }

  /** Resumed streams in a row that ended on what they brought. */
  get fruitlessStreams(): number {
    return this.fruitless.count;
  }

  /** True where nothing new is to be written for now: what was sent before is not through, or its first stands alone. */
  get holdsBack(): boolean {
    return this.through !== undefined;
  }

  /** True where more is to be written than the link has room for. */
  get behind(): boolean {
    return this.holdsBack && !this.fruitless.careful;
  }

  /** A stream goes on. */
  begin(): void {
    if (this.unacked.length === 0) return this.reset();
    this.fruitless.begin(this.session.host.clock.now());
    this.through = 0;
    this.sinceAsked = 0;
    this.goOn();
  }

  /** The client took so many; what waited behind them goes on. */
  acknowledged(count: number): void {
    this.fruitless.acknowledged();
    if (this.through === undefined) return;
    this.through = Math.max(0, this.through - count);
    this.goOn();
    if (this.unacked.length > 0) this.asking.atTurnsEnd();
  }

  /** The kernel took what waited for it. */
  drained(): void {
    if (!this.behind) return;
    this.goOn();
    this.asking.atTurnsEnd();
  }

  /** What went before says nothing of what comes. */
  reset(): void {
    this.fruitless.acknowledged();
    this.through = undefined;
  }

  /** The connection was cut for what waited, or is no more wanted: that says nothing of what it brought. */
  over(): void {
    this.fruitless.over();
    this.through = undefined;
  }

  /**
   * The connection broke. True where it ended on the one stanza that stood alone on it, which says nothing of the others.
   * For a message that counts as a delivery which it ended; anything else is left out once it ended as many.
   */
  broke(): boolean {
    this.through = undefined;
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

  /** Writes what is not written yet, in order, while the link has room. */
  private goOn(): void {
    const stream = this.session.connection?.stream;
    const list = this.unacked.list();
    while (this.through !== undefined && this.through < list.length) {
      const kept = list[this.through] as Kept;
      const { stanza } = kept;
      if (stream?.writable !== true || (this.through > 0 && this.fruitless.careful)) return;
      if (this.sinceAsked >= ASK_EVERY) this.ask();
      if (!hasRoom(stream.transport, stanza.size, this.room)) return;
      this.through++;
      this.sinceAsked += stanza.size;
      kept.written = true;
      kept.blamed = false;
      // It may be the end of the stream, and of this.
      stream.sendStanza(stanza);
    }
    if (!this.fruitless.careful) this.through = undefined;
  }

  private ask(): void {
    this.sinceAsked = 0;
    this.asking.now();
  }
}
