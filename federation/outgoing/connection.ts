// The connection from one local domain to one remote domain: established when needed, its queue never without an owner.
import type { HeaderOut, RawElement, Stanza, StreamEnd, StreamHandler, XmppStream } from "../../server/index.ts";
import { AUTHENTICATED_LIMITS, type FederationContext } from "../context.ts";
import { authenticate, type Method } from "./authenticate.ts";
import { BackOff } from "./back-off.ts";
import { describeEnd } from "./dialogue.ts";
import { establish } from "./establish.ts";
import { StanzaQueue } from "./queue.ts";
import { OutgoingFailure, type OutgoingState } from "./states.ts";

/** What an operator sees of an outgoing connection. */
export interface OutgoingStatus {
  readonly from: string;
  readonly to: string;
  readonly state: OutgoingState;
  readonly method: Method | undefined;
  readonly queued: number;
  readonly lastError: string | undefined;
}

/** One domain pair's connection. */
export class OutgoingConnection implements StreamHandler {
  readonly from: string;
  readonly to: string;
  private readonly context: FederationContext;
  private readonly queue: StanzaQueue;
  private readonly backOff = new BackOff();
  private stream: XmppStream | undefined;
  private attempt: AbortController | undefined;
  private state: OutgoingState = "idle";
  private method: Method | undefined;
  private lastError: string | undefined;
  private idleTimer: object | number | undefined;

  constructor(context: FederationContext, from: string, to: string) {
    this.context = context;
    this.from = from;
    this.to = to;
    this.queue = new StanzaQueue(context.config.queueStanzas, context.config.queueBytes);
  }

  status(): OutgoingStatus {
    const { from, to, state, method, lastError } = this;
    return { from, to, state, method, queued: this.queue.length, lastError };
  }

  /** Takes a stanza: written, queued, or returned. */
  send(stanza: Stanza): void {
    if (this.state === "up" && this.stream?.writable) {
      this.write(stanza, this.stream);
      this.keepAwake();
      return;
    }
    if (this.state === "closed") return this.giveBack(stanza, "remote-server-timeout", "this server is shutting down");
    const wait = this.backOff.wait(this.context.clock.now());
    if (wait > 0) {
      const reason = `${this.lastError ?? "unreachable"}; next attempt in ${Math.ceil(wait / 1000)} s`;
      return this.giveBack(stanza, this.lastCondition, reason);
    }
    if (!this.queue.push(stanza)) return this.giveBack(stanza, "resource-constraint", `too much waits for ${this.to}`);
    if (this.attempt === undefined) void this.connect();
  }

  /** Forgets earlier failures. */
  reset(): void {
    this.backOff.reset();
    if (this.state === "backing off") this.state = "idle";
  }

  /** Sends what waits within `ms`, then closes the stream; what is left is returned. */
  async drain(ms: number): Promise<void> {
    if (this.attempt !== undefined) await this.settled(ms);
    this.state = "closed";
    this.attempt?.abort();
    this.context.clock.clearTimeout(this.idleTimer);
    for (const stanza of this.queue.drain())
      this.giveBack(stanza, "remote-server-timeout", "this server is shutting down");
    this.stream?.close();
  }

  private lastCondition: OutgoingFailure["condition"] = "remote-server-timeout";
  private onSettled: (() => void)[] = [];

  private settled(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.context.clock.setTimeout(resolve, ms);
      this.onSettled.push(() => {
        this.context.clock.clearTimeout(timer);
        resolve();
      });
    });
  }

  private async connect(): Promise<void> {
    const { context, from, to } = this;
    const attempt = new AbortController();
    this.attempt = attempt;
    const deadline = context.clock.setTimeout(() => attempt.abort(), context.config.connectSeconds * 1000);
    try {
      const established = await establish(context, from, to, attempt.signal, (state) => this.enter(state));
      this.enter("authenticating");
      this.method = await authenticate(context, from, to, established);
      attempt.signal.throwIfAborted();
      this.up(established.stream, () => established.dialogue.handOver(this));
    } catch (error) {
      this.failed(error, attempt.signal.aborted);
      attempt.abort();
    } finally {
      context.clock.clearTimeout(deadline);
      if (this.attempt === attempt) this.attempt = undefined;
      for (const settled of this.onSettled.splice(0)) settled();
    }
  }

  private up(stream: XmppStream, handOver: () => void): void {
    this.stream = stream;
    this.backOff.reset();
    this.lastError = undefined;
    stream.setLimits(AUTHENTICATED_LIMITS);
    this.enter("up");
    this.context.log.info({ from: this.from, to: this.to, method: this.method }, "s2s out up");
    for (const stanza of this.queue.drain()) this.write(stanza, stream);
    this.keepAwake();
    handOver();
  }

  private write(stanza: Stanza, stream: XmppStream): void {
    this.context.metrics.stanzas.server.out[stanza.kind]++;
    stream.sendStanza(stanza);
  }

  private failed(error: unknown, timedOut: boolean): void {
    const seconds = this.context.config.connectSeconds;
    const cause = error instanceof Error ? error.message : String(error);
    const reason = timedOut ? `gave up after ${seconds} s while ${this.state}` : cause;
    this.lastError = reason;
    this.lastCondition = error instanceof OutgoingFailure ? error.condition : "remote-server-timeout";
    this.context.log.warn({ from: this.from, to: this.to, state: this.state, reason }, "s2s out failed");
    if (this.state === "closed") return;
    this.enter("backing off");
    this.backOff.failed(this.context.clock.now());
    for (const stanza of this.queue.drain()) this.giveBack(stanza, this.lastCondition, reason);
  }

  private enter(state: OutgoingState): void {
    if (this.state !== "closed") this.state = state;
  }

  private giveBack(stanza: Stanza, condition: OutgoingFailure["condition"], text: string): void {
    this.context.inbound.returned(stanza, condition, text);
  }

  /** Closes the stream once nothing was sent for long enough. */
  private keepAwake(): void {
    if (this.idleTimer !== undefined) {
      this.lastUse = this.context.clock.now();
      return;
    }
    this.lastUse = this.context.clock.now();
    this.watchIdle(this.context.config.idleSeconds * 1000);
  }

  private lastUse = 0;

  private watchIdle(ms: number): void {
    this.idleTimer = this.context.clock.setTimeout(() => {
      const left = this.lastUse + this.context.config.idleSeconds * 1000 - this.context.clock.now();
      if (left > 0) return this.watchIdle(left);
      this.idleTimer = undefined;
      this.stream?.close();
    }, ms);
  }

  opened(): void {}

  /** Outgoing streams are one-way: what comes back is dialback answers nobody waits for any more. */
  element(_raw: RawElement): void {}

  ended(end: StreamEnd): void {
    this.stream = undefined;
    this.method = undefined;
    this.context.clock.clearTimeout(this.idleTimer);
    this.idleTimer = undefined;
    if (end.kind !== "closed") this.lastError = describeEnd(end);
    this.context.log.info({ from: this.from, to: this.to, end: describeEnd(end) }, "s2s out ended");
    this.enter("idle");
  }

  defaultHeader(): HeaderOut {
    return { from: this.from, to: this.to, version: "1.0" };
  }

  crashed(error: unknown): void {
    this.context.log.error({ err: error }, "s2s handler failed");
  }
}
