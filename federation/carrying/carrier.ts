// A proven stream as a way for stanzas: what is on the way is kept until acknowledged, silence is asked, idleness ends it.

import type { Timer } from "../../xmpp/clock.ts";
import { SM_ENABLE, SM_REQUEST, tooHighText } from "../../xmpp/management/elements.ts";
import type { PeerLimits } from "../../xmpp/negotiation/limits.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { XmppStream } from "../../xmpp/stream/stream.ts";
import type { FederationContext } from "../way/context.ts";
import type { Way } from "../way/way.ts";
import type { Bounces } from "./bounces.ts";
import { Ledger } from "./ledger.ts";
import { Questions, SILENT_AFTER } from "./questions.ts";
import type { Acknowledging, Carried, Sender } from "./sender.ts";
import { exceeds } from "./size.ts";

/** Characters that may wait for the kernel before a stream counts as full. */
const HIGH_WATER = 1_048_576;
/** Stanzas after which an acknowledgement is asked for at once, and ms after which at the latest. */
const ASK_AFTER = 100;
const ASK_DELAY = 300;
/** ms without a stanza after which a stream may end to learn what its peer has read. */
const QUIET = 1_000;
/** Most of a peer's announced idle time that we let pass in silence. */
const IDLE_MARGIN = 0.8;

/** One direction of a stream to a remote server. */
export class Carrier {
  readonly stream: XmppStream;
  readonly from: string;
  readonly to: string;
  ledger: Ledger<Sender>;
  mode: Acknowledging = "ping";
  /** Told of what is written, where errors may come back on the same stream. */
  bounces: Bounces | undefined;
  /** Why we gave the stream up, where we did. */
  fate: string | undefined;
  /** To a peer that is not managed. */
  readonly questions: Questions;
  private readonly context: FederationContext;
  private readonly waiting = new Set<Sender>();
  private limits: PeerLimits = { maxBytes: undefined, idleSeconds: undefined };
  private since = 0;
  private askTimer: Timer | undefined;
  private watchTimer: Timer | undefined;
  private askedAt: number | undefined;
  /** The stream was ended for its peer to tell by its own end what it has read. */
  private asksByEnd = false;
  /** It did not even do that: nothing proves that it is alive, and what it was sent is not delivered. */
  unproven = false;
  private lastUse: number;
  private lastHeard = 0;
  private lastProbe = 0;

  /** `way`: the stream's own, for pings. */
  constructor(way: Way, stream: XmppStream) {
    const { context } = way;
    this.context = context;
    this.stream = stream;
    this.from = way.local;
    this.to = way.remote;
    const { unackedStanzas, queueBytes } = context.config;
    this.ledger = new Ledger(unackedStanzas, queueBytes);
    this.questions = new Questions(way, stream);
    this.lastUse = context.clock.now();
    this.watch();
  }

  /** Takes a stanza. */
  carry(sender: Sender, stanza: Stanza): Carried {
    const { stream, ledger } = this;
    if (!stream.writable) return "closed";
    if (ledger.full || stream.transport.backlog > HIGH_WATER) {
      this.waiting.add(sender);
      return "full";
    }
    if (this.limits.maxBytes !== undefined && exceeds(stanza, this.limits.maxBytes)) return "too large";
    if (this.mode === "none" && wouldBeLost(stanza)) this.mode = "ping";
    if (this.mode !== "none") ledger.push(sender, stanza);
    stream.sendStanza(stanza);
    this.bounces?.sent(stanza);
    this.lastUse = this.context.clock.now();
    if (this.mode !== "none") this.askSoon();
    return "sent";
  }

  /** Sends `<enable/>`; what is sent from here on is counted. XEP-0198 §3. */
  enable(): void {
    this.mode = "sm";
    this.ledger.restart();
    this.stream.send(SM_ENABLE);
  }

  /** The peer enabled it on its stream, and counts what we send from here on. */
  counted(): void {
    this.mode = "sm";
    this.questions.forget();
    this.askedAt = undefined;
    this.ledger.restart();
  }

  /** The peer does without stream management after all: pings must do. */
  refused(): void {
    this.mode = "ping";
    this.askedAt = undefined;
    if (this.ledger.length > 0) this.askSoon();
  }

  /** Goes on with what an earlier stream left, sending it again. XEP-0198 §5. */
  takeOver(ledger: Ledger<Sender>): void {
    this.mode = "sm";
    this.ledger = ledger;
    ledger.resumed();
    for (const { stanza } of ledger.entries()) this.stream.sendStanza(stanza);
    if (ledger.length > 0) this.ask();
  }

  /** The peer says what it has handled. A count that cannot be ends the stream. XEP-0198 §4. */
  acknowledged(h: number | undefined): void {
    if (h === undefined) return this.stream.fail("bad-format", "`h` is no count");
    this.askedAt = undefined;
    if (!this.ledger.acknowledge(h)) {
      const details = tooHighText(h, this.ledger.sent);
      return this.stream.fail("undefined-condition", "more acknowledged than was sent", undefined, details);
    }
    this.roomAgain();
  }

  /** Traffic of the peer's on a bidirectional stream. */
  heard(): void {
    this.lastUse = this.lastHeard = this.context.clock.now();
  }

  /** What the peer announced that it takes. XEP-0478. */
  setLimits(limits: PeerLimits): void {
    this.limits = limits;
  }

  get maxBytes(): number | undefined {
    return this.limits.maxBytes;
  }

  /** Lets waiting senders go on where there is room. */
  roomAgain(): void {
    if (this.waiting.size === 0 || this.ledger.full) return;
    const senders = [...this.waiting];
    this.waiting.clear();
    for (const sender of senders) sender.roomAgain();
  }

  /** Tells `sender` of the next acknowledgement, which is asked for now. */
  tell(sender: Sender): void {
    this.waiting.add(sender);
    this.ask();
  }

  /** Asks now for an acknowledgement. */
  ask(): void {
    const { clock } = this.context;
    clock.clearTimeout(this.askTimer);
    this.askTimer = undefined;
    this.since = 0;
    this.lastProbe = clock.now();
    if (this.mode === "sm") this.stream.send(SM_REQUEST);
    else if (this.mode === "ping") this.ping();
    if (this.mode !== "none") this.askedAt ??= clock.now();
  }

  /**
   * The stream ended in order. A peer that tells nothing else has read everything where it closed its side behind ours
   * (RFC 6120 §4.4).
   */
  closed(read: boolean): void {
    if (this.mode === "ping" && read) this.ledger.acknowledge(this.ledger.sent);
    this.unproven = this.mode === "ping" && this.asksByEnd && !read;
  }

  /** The stream is over; the ledger is kept for another one. */
  stop(): void {
    const { clock } = this.context;
    clock.clearTimeout(this.askTimer);
    clock.clearTimeout(this.watchTimer);
    this.questions.forget();
    this.waiting.clear();
  }

  private askSoon(): void {
    if (this.mode === "ping" && this.questions.open) return;
    if (++this.since >= ASK_AFTER) this.ask();
    else this.askTimer ??= this.context.clock.setTimeout(() => this.ask(), ASK_DELAY);
  }

  private ping(): void {
    if (this.questions.open) return;
    const mark = this.ledger.sent;
    const answered = () => {
      // A stream that is managed by now counts otherwise.
      if (this.mode !== "ping") return;
      this.askedAt = undefined;
      this.ledger.acknowledge(mark);
      if (this.ledger.length > 0) this.askSoon();
      this.roomAgain();
    };
    this.questions.ask(answered, () => this.askByEnd());
  }

  /**
   * The peer answers nothing. Where it speaks itself it lives, and reads; else as `endToAsk`, once nothing was written
   * for a moment: a stream that is never quiet is left to the clock.
   */
  private askByEnd(): void {
    if (this.lives) return this.countAsSent();
    const quiet = this.context.clock.now() - this.lastUse;
    if (quiet < QUIET) this.questions.waitOn(() => this.askByEnd(), QUIET - quiet);
    else this.endToAsk();
  }

  /** True where the peer of a bidirectional stream has said something since it was asked. */
  private get lives(): boolean {
    return this.askedAt !== undefined && this.lastHeard > this.askedAt;
  }

  /**
   * A peer reads in order, so its closing tag covers what was written before ours: another stream comes after it. False
   * where nobody waits; `late`, where nothing would be lost.
   */
  private endToAsk(late = false): boolean {
    const asksFor = (stanza: Stanza) => (late ? wouldBeLost(stanza) : stanza.safety !== undefined);
    if (!this.stream.writable || !this.ledger.entries().some(({ stanza }) => asksFor(stanza))) return false;
    this.asksByEnd = true;
    this.fate = "its end tells what the peer has read";
    this.stream.close(Math.max(this.context.config.keepAliveSeconds * 1000 - SILENT_AFTER, SILENT_AFTER));
    return true;
  }

  /** The peer lives, or what was written would be no loss: that is all there is to wait for. */
  private countAsSent(): void {
    this.questions.forget();
    this.askedAt = undefined;
    for (const { stanza } of this.ledger.drain()) stanza.safety?.release("written");
    this.roomAgain();
  }

  /** One timer for three things: an answer that does not come, silence, and idleness. */
  private watch(): void {
    const { clock, config } = this.context;
    const now = clock.now();
    const idle = this.context.linked.has(this.to) ? Number.POSITIVE_INFINITY : config.idleSeconds * 1000;
    const alive = Math.min(
      config.keepAliveSeconds,
      (this.limits.idleSeconds ?? Number.POSITIVE_INFINITY) * IDLE_MARGIN,
    );
    const patience = config.keepAliveSeconds * 1000;
    if (this.askedAt !== undefined && now - this.askedAt >= patience && this.unanswered()) return;
    if (this.ledger.length === 0 && this.waiting.size === 0 && now - this.lastUse >= idle) {
      this.fate = "nothing was sent for long";
      return this.stream.close();
    }
    if (now - Math.max(this.lastUse, this.lastProbe) >= alive * 1000) this.probe(now);
    const next = Math.min(
      this.ledger.length === 0 ? this.lastUse + idle : Number.POSITIVE_INFINITY,
      Math.max(this.lastUse, this.lastProbe) + alive * 1000,
      this.askedAt === undefined ? Number.POSITIVE_INFINITY : this.askedAt + patience,
    );
    this.watchTimer = clock.setTimeout(() => this.watch(), Math.max(next - now, 100));
  }

  private probe(now: number): void {
    this.lastProbe = now;
    if (this.mode === "sm" || (this.mode === "ping" && this.questions.answered)) this.ask();
    // RFC 6120 §4.6.1: white space shows a broken connection at least to TCP.
    else this.stream.send(" ");
  }

  /** True where the stream was given up. */
  private unanswered(): boolean {
    const seconds = this.context.config.keepAliveSeconds;
    const { lives } = this;
    this.askedAt = undefined;
    if (this.mode === "sm" || (this.questions.answered && this.ledger.full)) {
      this.fate = `the peer did not acknowledge within ${seconds} s`;
      this.stream.destroy();
      return true;
    }
    this.questions.forget();
    if (!this.questions.answered) {
      // It may have no way back to us.
      if (!lives && this.endToAsk(true)) return true;
      this.context.log.info({ from: this.from, to: this.to }, "s2s out: the peer answers no pings");
      this.mode = "none";
      this.countAsSent();
    }
    return false;
  }
}

/** True for what is lost for good where the peer does not read it; others are answered, or told anew. */
function wouldBeLost({ kind, type, safety }: Stanza): boolean {
  return safety !== undefined || (kind === "message" && type !== "error");
}
