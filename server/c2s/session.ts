// A bound client session: one resource of an account, on the connection that bound it.

import type { Jid } from "../../xmpp/jid/jid.ts";
import { sizeOf } from "../../xmpp/management/sent.ts";
import { presence } from "../../xmpp/stanza/presence.ts";
import type { Stanza, StanzaKind } from "../../xmpp/stanza/stanza.ts";
import type { StreamErrorCondition } from "../../xmpp/stream/error.ts";
import type { StreamEnd } from "../../xmpp/stream/stream.ts";
import type { SendingSession } from "../delivery/ingress.ts";
import { redeliverInBackground } from "../delivery/redeliver.ts";
import { isErrorAnswer, isGivenBack, LEFT_OUT, WaitingErrors } from "../delivery/waiting-errors.ts";
import { type Trace, withoutSecrets } from "../observe/trace.ts";
import type { ClientHost } from "../ports/host.ts";
import type { ClientSession, Gate, SessionKey } from "../ports/session.ts";
import { Facts } from "./facts.ts";
import type { SessionCarrier } from "./session-carrier.ts";
import type { CarriedSession } from "./stream-management/carried.ts";
import type { Outlet, StreamManagement } from "./stream-management/stream-management.ts";

/** ms that a client may take to acknowledge one message that stands alone. */
const ACKNOWLEDGED_WITHIN = 10_000;

/** Messages that may wait behind older ones. */
const PAUSED_LIMIT = 1_000;

/** A session bound over a stream. */
export class C2sSession implements CarriedSession, SendingSession {
  readonly jid: Jid;
  readonly account: Jid;
  readonly since: number;
  readonly host: ClientHost;
  readonly remoteAddress: string;
  readonly remote = false;
  /** Undefined while no stream carries the session. */
  connection: SessionCarrier | undefined;
  gate: Gate | undefined;
  /** Stream management, once enabled. */
  sm: StreamManagement | undefined;
  /** Stands between the session and its stream where a feature needs it. */
  outlet: Outlet | undefined;
  private readonly trace: Trace;
  private readonly written: Record<StanzaKind, number>;
  private facts: Facts | undefined;
  private over = false;
  /** Messages that wait behind older ones. */
  private paused: Stanza[] | undefined;
  private lastPresence: Stanza | undefined;
  private lastPriority = 0;
  private wantsPushes = false;
  private readonly waiters: (() => void)[] = [];
  /** Errors for a client that is behind, without stream management. */
  private errors: WaitingErrors | undefined;

  constructor(host: ClientHost, jid: Jid, connection: SessionCarrier, since = host.clock.now()) {
    this.host = host;
    this.jid = jid;
    this.account = jid.toBare();
    this.connection = connection;
    this.remoteAddress = connection.stream.transport.remoteAddress;
    this.trace = connection.context.trace;
    this.written = connection.context.metrics.stanzas.client.out;
    this.since = since;
  }

  get presence(): Stanza | undefined {
    return this.lastPresence;
  }

  set presence(presence: Stanza | undefined) {
    presence?.detach();
    this.lastPresence = presence;
    this.changed();
  }

  get priority(): number {
    return this.lastPriority;
  }

  set priority(priority: number) {
    this.lastPriority = priority;
    this.changed();
  }

  get interested(): boolean {
    return this.wantsPushes;
  }

  set interested(interested: boolean) {
    this.wantsPushes = interested;
    this.changed();
  }

  deliver(stanza: Stanza): void {
    if (this.paused !== undefined && stanza.kind === "message") return this.wait(stanza, this.paused);
    if (this.gate === undefined || this.gate.admit(stanza)) this.write(stanza);
  }

  write(stanza: Stanza): void {
    if (this.over) return this.elsewhere(stanza);
    this.written[stanza.kind]++;
    if (!this.trace.idle && this.trace.has(this.account.bare))
      this.host.log.info({ trace: "out", jid: this.jid.full, xml: withoutSecrets(stanza.element()) }, "trace");
    if (this.outlet !== undefined) this.outlet.deliver(stanza);
    else if (isErrorAnswer(stanza)) this.sendError(stanza);
    else this.send(stanza);
  }

  private send(stanza: Stanza): void {
    this.connection?.stream.sendStanza(stanza);
    stanza.safety?.became("written");
  }

  /** Thousands of the client's own stanzas that come back at once are no reason to end its stream: they wait for it. */
  private sendError(stanza: Stanza): void {
    const { connection } = this;
    const congested = connection?.stream.congested === true;
    if (!isGivenBack(stanza)) {
      // What others send it ends nobody's stream.
      const { transport } = connection?.stream ?? {};
      const room = ((connection?.context.limits.backlogBytes ?? 0) - 2 * (transport?.backlog ?? 0)) / 2;
      return congested && sizeOf(stanza) > room ? stanza.safety?.became(LEFT_OUT) : this.send(stanza);
    }
    if (this.errors?.waits !== true && !congested) return this.send(stanza);
    this.errors ??= new WaitingErrors();
    // It goes on sending what comes back without reading any of it.
    if (!this.errors.add(stanza, this.host.sessions.of(this.account.local)))
      this.end("resource-constraint", "more comes back than is read");
  }

  get waitingErrors(): readonly WaitingErrors[] {
    return [this.errors, this.sm?.window.errors].filter((errors) => errors !== undefined);
  }

  charge(ms: number): void {
    if (this.connection?.stream.writable) this.connection.stream.rates.charge(ms);
  }

  get congested(): boolean {
    if (this.connection === undefined) return true;
    return this.connection.stream.congested || this.sm?.congested === true;
  }

  get backPressure(): Promise<void> | undefined {
    return this.sm?.window.surplus.storing;
  }

  get keeps(): boolean {
    return this.sm !== undefined;
  }

  async caughtUp(): Promise<boolean> {
    // What was written in this turn has to be offered to the kernel first.
    await new Promise(setImmediate);
    while (!this.over && !this.waiting && this.congested) await this.progress();
    return !this.over && !this.waiting;
  }

  async acknowledged(): Promise<boolean> {
    let patient = true;
    this.sm?.ask();
    const timer = this.host.clock.setTimeout(() => {
      patient = false;
      this.progressed();
    }, ACKNOWLEDGED_WITHIN);
    while (patient && !this.over && !this.waiting && (this.sm?.waiting ?? 0) > 0) await this.progress();
    this.host.clock.clearTimeout(timer);
    return !this.over && !this.waiting;
  }

  async lend(taker: ClientSession): Promise<void> {
    if (this.waiting && !this.over) await this.sm?.lend(taker);
  }

  private progress(): Promise<void> {
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  /** The client took something: whoever waits may look again. */
  progressed(): void {
    this.errors?.goOn(
      () => this.over || this.connection?.stream.congested === false,
      (error) => {
        if (this.outlet !== undefined) this.outlet.deliver(error);
        else this.send(error);
      },
    );
    for (const waiter of this.waiters.splice(0)) waiter();
  }

  end(condition: StreamErrorCondition, text?: string): void {
    const { connection } = this;
    this.finish();
    connection?.stream.fail(condition, text);
  }

  /** Another stream carries it from now on. */
  attach(connection: SessionCarrier): void {
    this.connection = connection;
    this.changed();
  }

  /** True where no stream carries it. */
  get waiting(): boolean {
    return this.connection === undefined;
  }

  /** Its stream is gone: the session waits to be resumed, or is over. */
  detach(connection: SessionCarrier, end: StreamEnd): void {
    if (this.connection !== connection) return;
    if (this.sm === undefined || !this.sm.suspend(end)) return this.finish();
    this.changed();
    this.progressed();
  }

  pause(): void {
    if (!this.over) this.paused ??= [];
  }

  unpause(): void {
    const waiting = this.paused;
    this.paused = undefined;
    for (const stanza of waiting ?? []) {
      this.deliver(stanza);
      stanza.safety?.release("passed on");
    }
  }

  /** Takes the session out of its host and tells who must know. Safe to call twice. */
  finish(): void {
    if (this.over) return;
    const { gate } = this;
    this.gate = undefined;
    gate?.flush();
    this.over = true;
    this.progressed();
    const { host } = this;
    host.sessions.remove(this);
    host.registry.ended(this);
    const last = this.presence === undefined ? undefined : presence(this.jid, this.account, "unavailable");
    this.presence = undefined;
    host.emit("session.ended", { session: this, last });
    this.sm?.over();
    this.connection = undefined;
    const waiting = this.paused;
    this.paused = undefined;
    for (const stanza of waiting ?? []) redeliverInBackground(host, stanza, stanza.safety);
  }

  get<T>(key: SessionKey<T>): T | undefined {
    return this.facts?.get(key);
  }

  set<T>(key: SessionKey<T>, value: T): void {
    this.facts ??= new Facts();
    this.facts.set(key, value);
    if (key.shared?.reach === "everywhere") this.changed();
  }

  sharedFacts(moving: boolean): Record<string, unknown> {
    return this.facts?.shared(moving) ?? {};
  }

  /** The session goes on at another node, where `there` stands for it. Its stanzas and its stream are not touched. */
  moved(there: ClientSession): void {
    if (this.over) return;
    this.over = true;
    this.host.sessions.replace(this, there);
    this.host.registry.moved(this);
    this.connection = undefined;
    this.progressed();
  }

  wake(woken?: () => void): void {
    if (this.presence !== undefined && this.priority >= 0) this.host.emit("session.receptive", { session: this });
    woken?.();
  }

  /** The session ended or moved while somebody still had it in hand. */
  private elsewhere(stanza: Stanza): void {
    const there = this.host.sessions.find(this.jid);
    if (there !== undefined && there !== this) return there.deliver(stanza);
    redeliverInBackground(this.host, stanza, stanza.safety?.hold());
  }

  private wait(stanza: Stanza, paused: Stanza[]): void {
    stanza.safety?.hold();
    paused.push(stanza);
    // Out of order is better than without bound.
    if (paused.length > PAUSED_LIMIT) this.unpause();
  }

  private changed(): void {
    if (!this.over) this.host.registry.changed(this);
  }
}
