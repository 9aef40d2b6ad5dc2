// Stream management of one session: counts, acknowledgements, and what happens when its stream breaks. XEP-0198.
import { randomBytes } from "node:crypto";
import type { Timer } from "../../clock.ts";
import type { Gate } from "../../host/session.ts";
import { noteArrival } from "../../stanza/arrival.ts";
import type { Stanza } from "../../stanza/stanza.ts";
import type { StreamEnd } from "../../stream/stream.ts";
import { NS_SM } from "../../xml/namespaces.ts";
import type { C2sConnection } from "../connection.ts";
import type { C2sSession, Outlet } from "../session.ts";
import { reroute } from "./reroute.ts";
import { Unacked } from "./unacked.ts";

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

/** Sessions that can be resumed, by their secret id. */
export class ResumableSessions {
  private readonly byId = new Map<string, StreamManagement>();

  add(sm: StreamManagement): void {
    this.byId.set(sm.id, sm);
  }

  delete(sm: StreamManagement): void {
    this.byId.delete(sm.id);
  }

  find(id: string): StreamManagement | undefined {
    return this.byId.get(id);
  }
}

/** Stream management of one session. */
export class StreamManagement implements Outlet {
  /** Names the session to whoever resumes it; unguessable. */
  readonly id = randomBytes(18).toString("base64url");
  readonly session: C2sSession;
  readonly resumable: boolean;
  readonly settings: SmSettings;
  private readonly registry: ResumableSessions;
  private readonly unacked = new Unacked();
  /** Stanzas of the client that are handled, modulo 2^32. */
  private handled = 0;
  private sinceAsked = 0;
  private held: Gate | undefined;
  private askTimer: Timer | undefined;
  private expiry: Timer | undefined;

  constructor(session: C2sSession, registry: ResumableSessions, resumable: boolean, settings: SmSettings) {
    this.session = session;
    this.registry = registry;
    this.resumable = resumable;
    this.settings = settings;
    if (resumable) registry.add(this);
  }

  /** Handled stanzas as told to the client. */
  get h(): number {
    return this.handled;
  }

  /** Stanzas sent to the client, modulo 2^32. */
  get sent(): number {
    return this.unacked.sent;
  }

  /** Stanzas that wait for the client's word. */
  get waiting(): number {
    return this.unacked.length;
  }

  /** True where so much is unacknowledged that more should wait. */
  get congested(): boolean {
    return this.unacked.length > this.settings.maxUnacked / 4 || this.unacked.size > this.settings.maxUnackedSize / 4;
  }

  /** A stanza of the client is in a stage that takes time; resumption waits for it, since it is not counted yet. */
  working: Promise<void> | undefined;

  /** A stanza of the client was handled: routed and, where it had to be, stored. */
  count(): void {
    this.handled = (this.handled + 1) % 2 ** 32;
  }

  deliver(stanza: Stanza): void {
    noteArrival(stanza, this.session.host.clock.now());
    this.unacked.push(stanza);
    if (this.unacked.length > this.settings.maxUnacked || this.unacked.size > this.settings.maxUnackedSize)
      return this.session.end("resource-constraint", "too much is unacknowledged");
    const { connection } = this.session;
    if (connection === undefined) return;
    connection.stream.sendStanza(stanza);
    this.sinceAsked++;
    if (this.sinceAsked >= ASK_AFTER) this.ask();
    else this.askTimer ??= this.session.host.clock.setTimeout(() => this.ask(), ASK_DELAY);
  }

  /** The client says what it handled. A count that cannot be ends the stream. XEP-0198 §4. */
  acknowledged(h: number): void {
    if (this.unacked.acknowledge(h)) return this.session.progressed();
    const details = `<handled-count-too-high xmlns='${NS_SM}' h='${h}' send-count='${this.unacked.sent}'/>`;
    this.session.connection?.stream.fail("undefined-condition", "more acknowledged than was sent", undefined, details);
  }

  /** The stream is gone: true where the session waits to be resumed. */
  suspend(end: StreamEnd): boolean {
    this.stopAsking();
    if (!this.resumable || end.kind !== "broken") return false;
    this.session.connection = undefined;
    this.expiry = this.session.host.clock.setTimeout(() => this.session.finish(), this.settings.resumeSeconds * 1000);
    return true;
  }

  /** The session goes on over another stream, from what the client says it has handled. XEP-0198 §5. */
  resume(connection: C2sConnection, h: number): boolean {
    const old = this.session.connection;
    if (!this.unacked.acknowledge(h)) return false;
    this.session.host.clock.clearTimeout(this.expiry);
    this.session.connection = connection;
    connection.session = this.session;
    // A resumed client is taken to be looking. XEP-0352 §5.
    const { gate } = this.session;
    this.session.gate = undefined;
    this.held = gate;
    old?.stream.fail("conflict", "the session was resumed by another stream");
    return true;
  }

  /** Sends again what the last stream may have lost. */
  replay(): void {
    const { connection } = this.session;
    for (const stanza of this.unacked.list()) connection?.stream.sendStanza(stanza);
    this.held?.flush();
    this.held = undefined;
    this.session.progressed();
    if (this.unacked.length > 0) this.ask();
  }

  /** The session is over: what nobody acknowledged goes where an undelivered stanza goes. */
  over(): void {
    this.stopAsking();
    this.session.host.clock.clearTimeout(this.expiry);
    this.registry.delete(this);
    reroute(this.session, this.unacked.drain());
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
