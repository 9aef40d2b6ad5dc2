// How much a client may leave unacknowledged, and what waits beyond it. XEP-0198.
import type { Timer } from "../../../xmpp/clock.ts";
import { sizeOf } from "../../../xmpp/management/sent.ts";
import { mayAnswerWithError } from "../../../xmpp/stanza/error.ts";
import { Safety } from "../../../xmpp/stanza/safety.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { inBackground } from "../../delivery/background.ts";
import { redeliverEach } from "../../delivery/redeliver.ts";
import { isErrorAnswer, isGivenBack, LEFT_OUT, mustBeTaken, WaitingErrors } from "../../delivery/waiting-errors.ts";
import type { ClientSession } from "../../ports/session.ts";
import type { CarriedSession } from "./carried.ts";
import type { Holding } from "./holding.ts";
import { LatestPresence } from "./latest-presence.ts";
import { formerTaker, latestOfOthers } from "./others.ts";
import type { SmSettings } from "./settings.ts";
import { Surplus } from "./surplus.ts";
import { type Kept, keptOf, type Unacked } from "./unacked.ts";

/** ms that a client that is there may acknowledge nothing while more waits for it. */
const PATIENCE = 30_000;
/** What may wait, as so many times what may be unacknowledged. */
const SURPLUS = 10;
/**
 * Of what a reader that does not read may cost, the share of the text of what was sent; the rest is what holds that text,
 * and what is on its way to the store.
 */
const SENT_SHARE = 0.7;
/** Characters of presence that may wait for all sessions of an account, as so many times what may be unacknowledged. */
const LATEST = 4;
/** What may be unacknowledged at all, as so many times what messages may be. */
const ALL = 2;
/**
 * Of that, what presence and what does not wait at all may take while something waits: what waits has the rest to
 * itself, or a steady flood of others would keep it back for ever. The rest is more than any stanza is long.
 */
const PRESENCE = 1.4;
const PASSING = 1.2;
/** What goes on at once of what has waited. */
const GOING_ON = 0.5;

/** What a window opens to. */
interface Sending {
  /** Given what has waited, in order. */
  send(kept: Kept): void;
  /** Asks the client for its word. */
  ask(): void;
}

/** What a window is made of. */
export interface WindowParts {
  readonly session: CarriedSession;
  readonly settings: SmSettings;
  readonly unacked: Unacked;
  readonly holding: Holding;
  readonly stream: Sending;
}

/** The bounds of one session. */
export class Window {
  readonly surplus: Surplus;
  readonly latest: LatestPresence;
  /** What comes back of the session's own stanzas: for this session alone, and no use to the store. */
  readonly errors = new WaitingErrors();
  private readonly session: CarriedSession;
  private readonly settings: SmSettings;
  private readonly unacked: Unacked;
  private readonly holding: Holding;
  private readonly stream: Sending;
  private patience: Timer | undefined;

  constructor({ session, settings, unacked, holding, stream }: WindowParts) {
    this.session = session;
    this.settings = settings;
    this.unacked = unacked;
    this.holding = holding;
    this.stream = stream;
    const stanzas = SURPLUS * settings.maxUnacked;
    this.surplus = new Surplus(session.host, holding, { stanzas, characters: (1 - SENT_SHARE) * settings.readerSize });
    this.latest = new LatestPresence({ stanzas, characters: LATEST * settings.maxUnackedSize });
  }

  /**
   * True where the stanza is to be sent now. Else it has been seen to: a message waits, or goes back where too many do;
   * of presence the last of each sender waits, and what comes back of the session's own. Of anything else twice as much
   * may be on its way, or a little less while something waits; beyond that requests are refused, results and errors left
   * out, since whoever sends them is not to end the session of who gets them.
   */
  takes(stanza: Stanza): boolean {
    if (isErrorAnswer(stanza)) return isGivenBack(stanza) ? this.takesBack(stanza) : this.takesError(stanza);
    if (stanza.kind === "presence" && this.latest.has(stanza)) {
      this.addLatest(stanza);
      return false;
    }
    if (!this.surplus.waits && this.hasRoom(1, sizeOf(stanza))) return true;
    if (stanza.kind === "message") {
      this.wait(stanza);
      return false;
    }
    if (this.hasRoomBeside(stanza)) return true;
    if (stanza.kind === "presence") this.addLatest(stanza);
    else if (stanza.kind === "iq" && mayAnswerWithError(stanza)) this.refuse(stanza);
    return false;
  }

  /** The client has taken something, or is there again: what waited goes on. `behind`: more waits for it to be sent again. */
  open(behind: boolean): void {
    this.stop();
    if (behind) this.expectMore();
    this.errors.goOn(
      () => !this.session.waiting && (this.hasRoom(1) || this.hasRoomOfItsOwn()),
      (error) => this.stream.send(keptOf(error)),
    );
    this.tellPresence();
    if (this.errors.waits) return this.expectMore();
    if (!this.surplus.waits || this.surplus.refilling) return;
    const room = (size: number): boolean =>
      !this.session.waiting && (this.hasRoom(GOING_ON) || this.hasRoomOfItsOwn(size));
    const done = this.surplus
      .refill(room, (kept) => this.stream.send(kept))
      .then(() => {
        if (this.surplus.waits) this.expectMore();
        this.session.progressed();
      });
    inBackground(done, this.session.host.log);
  }

  /** Nothing is expected of the client now. */
  stop(): void {
    this.session.host.clock.clearTimeout(this.patience);
    this.patience = undefined;
  }

  /** True where an error waits for the client that gives one of its own stanzas back. */
  get givesBack(): boolean {
    return this.errors.waits;
  }

  /** What waits goes to where the session is now: that is `there`, unless it goes on once more meanwhile. */
  passOn(there: ClientSession): Promise<void> {
    this.errors.drain((error) => there.deliver(error));
    for (const stanza of this.latest.drain()) there.deliver(stanza);
    return this.empty((kept) => this.giveAway(kept));
  }

  /** What a session that is over, or another node's, has no more: to where it is now, or where an undelivered stanza goes. */
  giveAway(kept: Kept): void {
    // Others may hold the same stanza for their own clients: this is about this one's way alone.
    const own = kept.stanza.withAddresses(kept.stanza.from, kept.stanza.to);
    const safety = new Safety(({ fate }) => this.holding.release([kept], fate));
    own.safety = safety;
    this.session.write(own);
    safety.release("passed on");
  }

  /** What waits goes where an undelivered stanza goes. */
  redeliver(): Promise<void> {
    // Nobody else is told of what this session sent.
    this.errors.drain((error) => error.safety?.became("dropped: XEP-0198 §6, its session is over"));
    const from = formerTaker(this.session);
    const release = this.holding.release.bind(this.holding);
    return this.empty((kept) => redeliverEach(this.session.host, { items: [kept], from, release }));
  }

  private async empty(give: (kept: Kept) => void | Promise<void>): Promise<void> {
    for (;;) {
      const kept = await this.surplus.takeInsistently();
      if (kept === undefined) return;
      await give(kept);
    }
  }

  /** True where something waits for the client to acknowledge what came before. */
  private get waits(): boolean {
    return this.errors.waits || this.surplus.waits || this.latest.first !== undefined;
  }

  /** True where there is room for what passes by what waits. */
  private hasRoomBeside(stanza: Stanza): boolean {
    return this.hasRoom(this.waits ? PASSING : ALL, sizeOf(stanza));
  }

  /** True where what waits may go on although too much of what passed it by is unacknowledged. */
  private hasRoomOfItsOwn(added = 0): boolean {
    if (!this.hasRoom(ALL, added)) return false;
    const { maxUnacked, maxUnackedSize } = this.settings;
    let count = 0;
    let size = 0;
    for (const { stanza } of this.unacked.list()) {
      if (!waitsWhereFull(stanza)) continue;
      count++;
      size += sizeOf(stanza);
    }
    return count < GOING_ON * maxUnacked && size <= GOING_ON * maxUnackedSize;
  }

  /** True within `share` times the bounds with so many characters more; one stanza alone always is. */
  private hasRoom(share: number, added = 0): boolean {
    if (this.unacked.length === 0) return true;
    const { maxUnacked, maxUnackedSize } = this.settings;
    const size = this.unacked.size + added;
    if (this.unacked.length >= share * maxUnacked || size > share * maxUnackedSize) return false;
    // A reader that does not read costs no more than one without stream management: what it has not read is there twice.
    const { transport } = this.session.connection?.stream ?? {};
    if (transport === undefined) return true;
    const most = this.settings.readerSize;
    const fits = ({ backlog }: { readonly backlog: number }): boolean =>
      backlog === 0 || (backlog + size <= share * SENT_SHARE * most && backlog + added <= most);
    if (fits(transport)) return true;
    // A burst of our own says nothing of the reader.
    transport.flush();
    return fits(transport);
  }

  /** Presence that waited, as far as there is room. */
  private tellPresence(): void {
    while (!this.session.waiting) {
      const stanza = this.latest.first;
      if (stanza === undefined || !this.hasRoom(PRESENCE, sizeOf(stanza))) return;
      this.latest.shift();
      this.stream.send(keptOf(stanza));
    }
  }

  private addLatest(stanza: Stanza): void {
    this.latest.add(stanza, latestOfOthers(this.session));
  }

  private refuse(stanza: Stanza): void {
    const { host } = this.session;
    inBackground(host.refuse(stanza, "resource-constraint", "too much waits for the client"), host.log);
  }

  private wait(stanza: Stanza): void {
    if (!this.surplus.add(stanza)) this.refuse(stanza);
    else this.expectMore();
  }

  /** What comes back of the client's own stanzas waits until the client has taken what came before. */
  private takesBack(error: Stanza): boolean {
    const { host, account } = this.session;
    if (!this.errors.waits && this.hasRoom(1, sizeOf(error))) return true;
    if (this.errors.add(error, host.sessions.of(account.local))) this.expectMore();
    // It went on sending what comes back without taking any of it: what it was told nothing of is not acknowledged.
    else if (mustBeTaken(error)) this.session.end("resource-constraint", "more comes back than the client takes");
    else error.safety?.became(LEFT_OUT);
    return false;
  }

  private takesError(error: Stanza): boolean {
    if (this.hasRoomBeside(error)) return true;
    error.safety?.became(LEFT_OUT);
    return false;
  }

  private expectMore(): void {
    if (this.patience !== undefined || this.session.waiting) return;
    this.stream.ask();
    // Parked, to be resumed: it costs no more than one that is away.
    this.patience = this.session.host.clock.setTimeout(() => this.session.connection?.stream.destroy(), PATIENCE);
  }
}

/** True for what waits where there is no room, however much of what does not is on its way. */
function waitsWhereFull(stanza: Stanza): boolean {
  return isGivenBack(stanza) || (stanza.kind === "message" && stanza.type !== "error");
}
