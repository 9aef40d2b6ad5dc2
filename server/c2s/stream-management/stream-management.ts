// Stream management of one session: counts, acknowledgements, and what happens when its stream breaks. XEP-0198.
import type { Timer } from "../../clock.ts";
import type { Gate } from "../../host/session.ts";
import { randomToken } from "../../random.ts";
import { inBackground } from "../../router/background.ts";
import { noteArrival } from "../../stanza/arrival.ts";
import { Handled, type TakenElsewhere } from "../../stanza/handled.ts";
import { Sent } from "../../stanza/sent.ts";
import type { Stanza } from "../../stanza/stanza.ts";
import { flushLater } from "../../stream/gather.ts";
import type { StreamEnd } from "../../stream/stream.ts";
import { NS_SM } from "../../xml/namespaces.ts";
import type { C2sConnection } from "../connection.ts";
import type { C2sSession, Outlet } from "../session.ts";
import { Holding } from "./holding.ts";
import { rerouteSafely } from "./reroute.ts";
import type { ResumableSessions } from "./resumable.ts";
import { Telling } from "./telling.ts";
import { isError, type Kept, keptOf, type Unacked } from "./unacked.ts";

/** Settings of stream management. */
export interface SmSettings {
  /** Seconds a broken session waits for its client. */
  readonly resumeSeconds: number;
  /** Stanzas that may be unacknowledged. */
  readonly maxUnacked: number;
  /** Characters that may be unacknowledged. */
  readonly maxUnackedSize: number;
}

/** Defaults: five minutes, a thousand stanzas, a mebibyte. */
export const DEFAULT_SM_SETTINGS: SmSettings = { resumeSeconds: 300, maxUnacked: 1000, maxUnackedSize: 1_048_576 };

/** Stanzas sent after which an acknowledgement is asked for at once. */
const ASK_AFTER = 8;
/** ms after a stanza at which one is asked for all the same. */
const ASK_DELAY = 1_000;

/** Where stream management begins, for a session that comes from another node. */
export interface SmStart {
  readonly id: string;
  readonly handled: number;
  readonly sent: number;
  /** Stanzas of the client that its node took and that are not among the handled ones. */
  readonly unsafe: readonly TakenElsewhere[];
}

/** Stream management of one session. */
export class StreamManagement implements Outlet {
  /** Names the session to whoever resumes it, and the node that holds it; unguessable. */
  readonly id: string;
  readonly session: C2sSession;
  readonly resumable: boolean;
  readonly settings: SmSettings;
  /** Stanzas of the client that are safe. */
  readonly handled: Handled;
  private readonly registry: ResumableSessions;
  private readonly telling: Telling;
  private readonly unacked: Unacked;
  private readonly holding: Holding;
  private away = false;
  /** The session is over, or another node's. */
  private left = false;
  private sinceAsked = 0;
  private asking = false;
  private held: Gate | undefined;
  private askTimer: Timer | undefined;
  private expiry: Timer | undefined;

  constructor(
    session: C2sSession,
    registry: ResumableSessions,
    resumable: boolean,
    settings: SmSettings,
    start?: SmStart,
  ) {
    this.session = session;
    this.registry = registry;
    this.resumable = resumable;
    this.settings = settings;
    this.id = start?.id ?? `${randomToken(18)}.${session.host.bus.member}`;
    this.handled = new Handled(() => this.safer(), start?.handled, start?.unsafe);
    this.telling = new Telling(session, this.id, this.handled);
    this.unacked = new Sent(start?.sent);
    this.holding = new Holding(session.host, this.unacked);
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
    return this.unacked.list().some((kept) => kept.safety !== undefined && isError(kept));
  }

  /** Stanzas that wait for the client's word. */
  get waiting(): number {
    return this.unacked.length;
  }

  /** True where so much is unacknowledged that more should wait. */
  get congested(): boolean {
    return this.unacked.length > this.settings.maxUnacked / 4 || this.unacked.size > this.settings.maxUnackedSize / 4;
  }

  /** One stanza alone never is: what was accepted can be delivered. */
  private get tooLarge(): boolean {
    return this.unacked.length > 1 && this.unacked.size > this.settings.maxUnackedSize;
  }

  deliver(stanza: Stanza): void {
    noteArrival(stanza, this.session.host.clock.now());
    const kept = keptOf(stanza);
    this.unacked.push(kept);
    const { safety } = kept;
    if (this.unacked.length > this.settings.maxUnacked || this.tooLarge)
      return this.session.end("resource-constraint", "too much is unacknowledged");
    const { connection } = this.session;
    if (safety !== undefined) this.holding.await(kept, connection !== undefined);
    if (connection === undefined) return;
    // A reader that does not read costs no more than one without stream management: it is parked, to be resumed.
    const { backlog } = connection.stream.transport;
    if (backlog > 0 && backlog + this.unacked.size > connection.context.limits.backlogBytes)
      return connection.stream.destroy();
    this.sinceAsked++;
    // A sender waits for the client's word; one question serves everything of this turn.
    if (safety !== undefined) this.askSoon();
    connection.stream.sendStanza(stanza);
    if (safety !== undefined) return;
    if (this.sinceAsked >= ASK_AFTER) this.ask();
    else this.askTimer ??= this.session.host.clock.setTimeout(() => this.ask(), ASK_DELAY);
  }

  /** The client says what it handled. A count that cannot be ends the stream. XEP-0198 §4. */
  acknowledged(h: number): void {
    const gone = this.unacked.acknowledge(h);
    if (gone !== undefined) {
      this.holding.release(gone);
      return this.session.progressed();
    }
    const details = `<handled-count-too-high xmlns='${NS_SM}' h='${h}' send-count='${this.unacked.total}'/>`;
    this.session.connection?.stream.fail("undefined-condition", "more acknowledged than was sent", undefined, details);
  }

  /** The client asks what was handled. */
  asked(): void {
    this.telling.asked();
  }

  /** Resolves once all that is safe may be told: other nodes would know it too. */
  settled(): Promise<void> {
    return this.telling.settled();
  }

  /** The stream is gone: true where the session waits to be resumed. */
  suspend(end: StreamEnd): boolean {
    this.stopAsking();
    this.telling.stop();
    if (!this.resumable || (end.kind !== "broken" && !this.away)) return false;
    this.session.connection = undefined;
    this.holding.storeAll();
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
  resume(connection: C2sConnection, h: number): number | undefined {
    const old = this.session.connection;
    const gone = this.unacked.acknowledge(h);
    if (gone === undefined) return undefined;
    this.holding.release(gone);
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
    const { connection } = this.session;
    for (const { stanza } of this.unacked.list()) connection?.stream.sendStanza(stanza);
    this.held?.flush();
    this.held = undefined;
    this.session.progressed();
    if (this.unacked.length > 0) this.ask();
  }

  /** The session is over: what nobody acknowledged goes where an undelivered stanza goes. */
  over(): void {
    inBackground(this.rerouteAll(this.leave()), this.session.host.log);
  }

  /** Takes the session's unacknowledged stanzas out; nothing of it goes on here. */
  leave(): Kept[] {
    this.left = true;
    this.stopAsking();
    this.telling.stop();
    this.holding.stop();
    this.session.host.clock.clearTimeout(this.expiry);
    this.registry.delete(this);
    this.session.host.registry.handled(this.id, undefined);
    return this.unacked.drain();
  }

  /** Ends the hold on stanzas that went elsewhere. */
  release(kept: readonly Kept[]): void {
    this.holding.release(kept);
  }

  flush(): void {
    this.asking = false;
    if (this.unacked.length > 0) this.ask();
  }

  private async rerouteAll(kept: readonly Kept[]): Promise<void> {
    const { host } = this.session;
    const going = kept.map(async (item) => {
      await rerouteSafely(host, item.stanza);
      this.holding.release([item]);
    });
    for (const outcome of await Promise.allSettled(going))
      if (outcome.status === "rejected") host.log.error({ err: outcome.reason }, "a stanza found no other way");
  }

  /** More of what the client sent is safe. */
  private safer(): void {
    if (!this.left) this.telling.progressed();
  }

  private askSoon(): void {
    if (this.asking) return;
    this.asking = true;
    flushLater(this);
  }

  private ask(): void {
    this.stopAsking();
    this.session.connection?.stream.send(`<r xmlns='${NS_SM}'/>`);
  }

  private stopAsking(): void {
    this.session.host.clock.clearTimeout(this.askTimer);
    this.askTimer = undefined;
    this.sinceAsked = 0;
  }
}
