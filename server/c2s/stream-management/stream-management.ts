// Stream management of one session: counts, acknowledgements, and what happens when its stream breaks. XEP-0198.
import type { Timer } from "../../../xmpp/clock.ts";
import { tooHighText } from "../../../xmpp/management/elements.ts";
import { Handled } from "../../../xmpp/management/handled.ts";
import { Sent } from "../../../xmpp/management/sent.ts";
import { randomToken } from "../../../xmpp/random.ts";
import { noteArrival } from "../../../xmpp/stanza/arrival.ts";
import type { Fate, PassedOn } from "../../../xmpp/stanza/safety.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { NotRead } from "../../../xmpp/stream/backlog.ts";
import type { StreamEnd } from "../../../xmpp/stream/stream.ts";
import { inBackground } from "../../delivery/background.ts";
import { redeliverEach } from "../../delivery/redeliver.ts";
import type { ClientSession, Gate } from "../../ports/session.ts";
import { Asking } from "./asking.ts";
import type { ManagementParts, ResumptionRegistry } from "./beginning.ts";
import type { CarriedSession, Carrier, Managed } from "./carried.ts";
import { Holding } from "./holding.ts";
import { Lending } from "./lending.ts";
import { awakeInstead, formerTaker } from "./others.ts";
import { Replay } from "./replay.ts";
import type { SmSettings } from "./settings.ts";
import { Telling } from "./telling.ts";
import { isError, type Kept, keptOf, type Unacked } from "./unacked.ts";
import { Window } from "./window.ts";

/** Takes over a session's outgoing stanzas. */
export interface Outlet {
  deliver(stanza: Stanza): void;
}

/** Stream management of one session. */
export class StreamManagement implements Outlet, Managed {
  /** Names the session to whoever resumes it, and the node that holds it; unguessable. */
  readonly id: string;
  readonly session: CarriedSession;
  readonly resumable: boolean;
  readonly settings: SmSettings;
  /** Stanzas of the client that are safe. */
  readonly handled: Handled;
  private readonly registry: ResumptionRegistry;
  private readonly telling: Telling;
  private readonly asking: Asking;
  private readonly unacked: Unacked;
  private readonly holding: Holding;
  readonly window: Window;
  /** What goes to other sessions, or nodes, while this one sleeps. */
  readonly lending: Lending;
  readonly sendingAgain: Replay;
  /** When its stream was gone, ms since the epoch. */
  private asleepSince = 0;
  /** How it ended says nothing of what it was sent: no stream of it broke, or another one took its place. */
  private inOrder = true;
  private away = false;
  /** The session is over, or another node's. */
  private left = false;
  private held: Gate | undefined;
  private expiry: Timer | undefined;

  constructor({ session, registry, resumable, settings, start }: ManagementParts) {
    this.session = session;
    this.registry = registry;
    this.resumable = resumable;
    this.settings = settings;
    this.id = start?.id ?? `${randomToken(18)}.${session.host.bus.member}`;
    this.handled = new Handled(() => this.safer(), start?.handled, start?.unsafe);
    this.telling = new Telling(session, this.id, this.handled);
    this.asking = new Asking(session);
    this.unacked = new Sent(start?.sent);
    this.holding = new Holding(session.host, this.unacked);
    const { unacked, holding, asking } = this;
    this.window = new Window({ session, settings, unacked, holding, stream: this });
    this.lending = new Lending({ session, unacked, surplus: this.window.surplus, holding });
    const { lending } = this;
    this.sendingAgain = new Replay({ session, settings, unacked, lending, asking, fruitless: start?.fruitless });
    if (resumable) registry.add(this);
  }

  /** Stanzas sent to the client, modulo 2^32. */
  get sent(): number {
    return this.unacked.total;
  }

  /** What the client has not acknowledged, in order. */
  get outstanding(): readonly Kept[] {
    return this.unacked.list();
  }

  /** True where an error waits for the client that gives one of its own stanzas back. */
  get givesBack(): boolean {
    return this.window.givesBack || this.unacked.list().some((kept) => kept.safety !== undefined && isError(kept));
  }

  /** Stanzas that wait for the client's word. */
  get waiting(): number {
    return this.unacked.length;
  }

  /** True where so much is unacknowledged that more should wait. */
  get congested(): boolean {
    return this.unacked.length > this.settings.maxUnacked / 4 || this.unacked.size > this.settings.maxUnackedSize / 4;
  }

  deliver(stanza: Stanza): void {
    const { host, waiting } = this.session;
    noteArrival(stanza, host.clock.now());
    if (waiting) {
      const instead = awakeInstead(host, this.session, this.asleepSince, stanza);
      if (instead !== undefined) return instead.deliver(stanza);
    }
    if (!this.window.takes(stanza)) return;
    this.send(keptOf(stanza));
  }

  /** What waits beyond the bound goes to where the session is now. */
  passOn(there: ClientSession): Promise<void> {
    return this.window.passOn(there);
  }

  /** Keeps a stanza that its client was sent by another node, or by nobody yet. */
  keep(stanza: Stanza, lent: boolean): void {
    const kept = { ...keptOf(stanza), written: true, lent };
    this.unacked.push(kept);
    this.holding.await(kept, false);
  }

  /** Stanzas that were given to other sessions, by their places among the outstanding. */
  get lentPlaces(): number[] {
    return this.outstanding.flatMap(({ lent }, place) => (lent ? [place] : []));
  }

  /** While the session sleeps: what it holds goes to one that came since. */
  async lend(taker: ClientSession): Promise<void> {
    await this.sendingAgain.judging;
    if (!this.left && taker.since >= this.asleepSince) await this.lending.lend(taker);
  }

  /** Counts a stanza and writes it. */
  send(kept: Kept): void {
    // Nobody would ever acknowledge it here, nor take it out.
    if (this.left) return this.window.giveAway(kept);
    this.unacked.push(kept);
    const { safety, stanza } = kept;
    const { connection } = this.session;
    this.holding.await(kept, connection !== undefined);
    if (connection === undefined || this.sendingAgain.holdsBack) return;
    kept.written = true;
    // A sender waits for the client's word.
    if (safety !== undefined) this.asking.atTurnsEnd();
    connection.stream.sendStanza(stanza);
    this.asking.sent(safety !== undefined);
  }

  /** The client's word is wanted soon. */
  ask(): void {
    this.asking.atTurnsEnd();
  }

  /** The client says what it handled. A count that cannot be ends the stream. XEP-0198 §4. */
  acknowledged(h: number): void {
    const gone = this.unacked.acknowledge(h);
    if (gone !== undefined) {
      this.holding.release(gone, "acknowledged");
      if (gone.length > 0) this.sendingAgain.acknowledged(gone.length);
      this.window.open(this.sendingAgain.behind);
      return this.session.progressed();
    }
    const details = tooHighText(h, this.unacked.total);
    this.session.connection?.stream.fail("undefined-condition", "more acknowledged than was sent", undefined, details);
  }

  /** The client asks what was handled. */
  asked(): void {
    this.telling.asked();
  }

  /** Resolves once all that is safe may be told: other nodes would know it too; and it is known what is given up. */
  async settled(): Promise<void> {
    await this.telling.settled();
    await this.sendingAgain.judging;
    await this.lending.settled();
  }

  /** The stream is gone: true where the session waits to be resumed. */
  suspend(end: StreamEnd): boolean {
    this.asking.stop();
    this.telling.stop();
    this.window.stop();
    this.inOrder = end.kind !== "broken" || this.away;
    if (!this.resumable || (end.kind !== "broken" && !this.away)) return false;
    this.session.connection = undefined;
    if (this.away || (end.kind === "broken" && end.cause instanceof NotRead)) this.sendingAgain.over();
    else if (this.sendingAgain.broke()) this.inOrder = true;
    this.asleepSince = this.session.host.clock.now();
    this.holding.keepAll();
    this.expire();
    return true;
  }

  /** This node is leaving: the end of the stream is to be no end of the session. */
  leaving(): void {
    this.away = true;
  }

  /** The session waits to be resumed, for as long as it may. */
  expire(): void {
    this.expiry = this.session.host.clock.setTimeout(() => this.session.finish(), this.settings.resumeSeconds * 1000);
  }

  /**
   * The session goes on over another stream, from what the client says it has handled. Answers what it is told to have
   * sent that is handled here; undefined where its own count cannot be. XEP-0198 §5.
   */
  resume(connection: Carrier, h: number): number | undefined {
    const old = this.session.connection;
    const gone = this.unacked.acknowledge(h);
    if (gone === undefined) return undefined;
    this.holding.release(gone, "acknowledged");
    // A network that another one takes the place of says nothing of what came over it.
    if (gone.length > 0 || old !== undefined) this.sendingAgain.reset();
    this.inOrder = true;
    this.unacked.forget(({ lent }) => lent);
    this.telling.stop();
    const handled = this.handled.resume();
    this.session.host.clock.clearTimeout(this.expiry);
    this.session.attach(connection);
    connection.session = this.session;
    // A resumed client is taken to be looking. XEP-0352 §5.
    const { gate } = this.session;
    this.session.gate = undefined;
    this.held = gate;
    old?.stream.fail("conflict", "the session was resumed by another stream");
    return handled;
  }

  /** Sends again what the last stream may have lost. */
  replay(): void {
    this.sendingAgain.begin();
    this.held?.flush();
    this.held = undefined;
    this.window.open(this.sendingAgain.behind);
    this.session.progressed();
    // What is kept for the account waited for somebody awake.
    this.session.wake();
    if (this.unacked.length > 0) this.ask();
  }

  /** The session is over: what nobody acknowledged goes where an undelivered stanza goes. */
  over(): void {
    const first = this.lending.firstOpen();
    const judged = this.inOrder || first === undefined ? this.sendingAgain.judging : this.lending.judged(first);
    const kept = this.leave();
    const rest = judged === undefined ? this.redeliverAll(kept) : judged.then(() => this.redeliverAll(kept));
    this.registry.ends(rest);
    inBackground(rest, this.session.host.log);
  }

  /** Takes the session's unacknowledged stanzas out; nothing of it goes on here. */
  leave(): Kept[] {
    this.left = true;
    this.asking.stop();
    this.telling.stop();
    this.holding.stop();
    this.window.stop();
    this.session.host.clock.clearTimeout(this.expiry);
    this.registry.delete(this);
    this.session.host.registry.handled(this.id, undefined);
    return this.unacked.drain();
  }

  /** Ends the hold on stanzas that went elsewhere. */
  release(kept: readonly Kept[], fate: Fate | PassedOn): void {
    this.holding.release(kept, fate);
  }

  private async redeliverAll(kept: readonly Kept[]): Promise<void> {
    const { session, holding } = this;
    const release = holding.release.bind(holding);
    await redeliverEach(session.host, { items: kept, from: formerTaker(session), release });
    await this.window.redeliver();
  }

  /** More of what the client sent is safe. */
  private safer(): void {
    if (!this.left) this.telling.progressed();
  }
}
