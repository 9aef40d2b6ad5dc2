// Gets domain pairs of one remote domain a stream: one attempt at a time, a stream that is there already first.

import type { Timer } from "../../xmpp/clock.ts";
import type { Jid } from "../../xmpp/jid/jid.ts";
import { offered } from "../../xmpp/negotiation/feature.ts";
import { failureOf } from "../connecting/loss.ts";
import { NS_BIDI_FEATURE } from "../negotiation/bidi.ts";
import { offersManagement } from "../negotiation/management.ts";
import type { Opening, Resumption } from "../negotiation/opening.ts";
import type { Target } from "../resolver/index.ts";
import type { FederationContext, Turn } from "../way/context.ts";
import type { AttemptState, Facts, OutgoingFailure, OutgoingState } from "../way/progress.ts";
import { Way } from "../way/way.ts";
import { type Assumption, attempt } from "./attempt.ts";
import type { Pair } from "./pair.ts";
import type { OutgoingStream } from "./stream.ts";

/** States in which names are looked up. */
const LOOKING_UP: ReadonlySet<AttemptState> = new Set(["resolving", "connecting"]);

/** Whose pairs are dialled for. */
export interface DialerOwner {
  readonly domain: string;
  readonly context: FederationContext;
  readonly streams: ReadonlySet<OutgoingStream>;
  /** The broken stream to go on with, where this pair's was one. */
  resumption(pair: Pair): Resumption | undefined;
  /** A stream to the place where this domain is as well. XEP-0220 §2.7.2. */
  sharedTarget(): Promise<OutgoingStream | undefined>;
  /** The pair was proven on a stream that was there. */
  shared(pair: Pair, stream: OutgoingStream): void;
  /** There is a new stream. */
  up(pair: Pair, opening: Opening): void;
  /** An attempt failed; true where other pairs may be tried at once. */
  failed(pair: Pair, failure: OutgoingFailure, state: OutgoingState): boolean;
  tell(event: string, facts: Facts): void;
}

/** The dialer of one remote domain. */
export class Dialer {
  /** The attempt under way: for which domain of ours, and where it is. */
  attempting: { readonly from: string; state: OutgoingState } | undefined;
  /** Where the peer sent us when it ended a stream with `see-other-host`. */
  redirect: Target | undefined;
  private readonly owner: DialerOwner;
  private readonly waiting = new Set<Pair>();
  private controller: AbortController | undefined;
  private turn: Turn | undefined;
  private running = false;
  private timer: Timer | undefined;
  private known: Assumption | undefined;

  constructor(owner: DialerOwner) {
    this.owner = owner;
  }

  get idle(): boolean {
    return !this.running && this.timer === undefined;
  }

  /** True while an attempt is made. */
  get busy(): boolean {
    return this.running;
  }

  /** Has the pair get a stream, now or when the pause is over, for `sender` among others. */
  need(pair: Pair, sender?: Jid): void {
    this.waiting.add(pair);
    if (sender !== undefined) this.turn?.add(sender);
    if (this.idle) void this.run();
  }

  /** No attempts for `ms`; then `resume` says who needs one. */
  pause(ms: number, resume: () => void): void {
    const { clock } = this.owner.context;
    clock.clearTimeout(this.timer);
    this.timer = clock.setTimeout(() => {
      this.timer = undefined;
      resume();
    }, ms);
  }

  /** Ends a pause. */
  unpause(): void {
    this.owner.context.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Nobody waits any more. */
  clear(): void {
    this.waiting.clear();
  }

  abort(): void {
    this.turn?.end();
    this.controller?.abort();
  }

  private async run(): Promise<void> {
    this.running = true;
    try {
      for (const pair of this.waiting) {
        this.waiting.delete(pair);
        // A broken stream for both ways is taken up for the peer's sake although this pair has another one.
        const resumes = this.owner.resumption(pair) !== undefined;
        const needed = () => (pair.carrier === undefined || resumes) && !pair.held;
        if (!needed()) continue;
        const turn = this.owner.context.attempts.turn(pair.queue.first?.from);
        this.turn = turn;
        try {
          if (turn.state === "waiting") await turn.settled;
          if (turn.state === "over") break;
          if (!needed() || (await this.share(pair))) continue;
          if (!(await this.connect(pair, turn))) break;
        } finally {
          turn.end();
        }
      }
    } finally {
      this.running = false;
      this.attempting = undefined;
    }
    // After a failure too: whoever waited for that attempt is gone by now, and whoever waits came after it.
    if (this.waiting.size > 0 && this.idle) void this.run();
  }

  /** Takes a stream that is there already; multiplexing. XEP-0220 §2.7. */
  private async share(pair: Pair): Promise<boolean> {
    const { owner } = this;
    const policy = owner.context.policy(owner.domain);
    // Its own stream is to be taken up first: what that one left goes before what is newer.
    if (owner.resumption(pair) !== undefined) return false;
    for (const stream of owner.streams)
      if (stream.proves(pair.from, owner.domain) && stream.carrier.stream.writable) {
        owner.shared(pair, stream);
        return true;
      }
    if (!policy.sendDialback || pair.ownStream) return false;
    const sameTarget = [...owner.streams].find((stream) => stream.takesMore(stream.to !== owner.domain));
    // The certificate of another domain's stream was held against that domain.
    const stream = sameTarget ?? (policy.requireValidCertificate ? undefined : await owner.sharedTarget());
    if (stream === undefined || pair.carrier !== undefined) return pair.carrier !== undefined;
    // The other domain's policy let it be in clear; this one's may not.
    if (policy.requireEncryption && !stream.carrier.stream.transport.encrypted) return false;
    this.attempting = { from: pair.from, state: "authenticating" };
    const refusal = await stream.prove(pair.from, owner.domain);
    owner.tell("multiplexing", { from: pair.from, over: `${stream.from} ${stream.to}`, refused: refusal?.message });
    if (refusal === undefined && stream.carrier.stream.writable) {
      owner.shared(pair, stream);
      return true;
    }
    pair.ownStream = true;
    return false;
  }

  /** True where other pairs may be tried next. */
  private async connect(pair: Pair, turn: Turn): Promise<boolean> {
    const { owner } = this;
    const controller = new AbortController();
    this.controller = controller;
    const attempting = { from: pair.from, state: "resolving" as OutgoingState };
    this.attempting = attempting;
    try {
      const way = new Way(owner.context, pair.from, owner.domain, {
        enter: (state) => {
          attempting.state = state;
          if (!LOOKING_UP.has(state)) turn.end();
          owner.tell(state, { from: pair.from });
        },
        note: (event, facts) => owner.tell(event, { from: pair.from, ...facts }),
      });
      const opening = await attempt(way, {
        signal: controller.signal,
        assume: this.assumption(),
        resume: owner.resumption(pair),
        targets: this.redirect === undefined ? undefined : [this.redirect],
      });
      this.redirect = undefined;
      if (opening.features !== undefined)
        this.known = {
          bidi: offered(opening, "bidi", NS_BIDI_FEATURE) !== undefined || opening.bidi,
          sm: offersManagement(opening),
        };
      owner.up(pair, opening);
      return true;
    } catch (error) {
      this.redirect = undefined;
      return owner.failed(pair, failureOf(error, owner.domain), attempting.state);
    }
  }

  /** What may be sent before it is offered: what the last stream had, or all that Meridian has. */
  private assumption(): Assumption | undefined {
    const policy = this.owner.context.policy(this.owner.domain);
    return policy.pipelining ? (this.known ?? { bidi: policy.bidirectional, sm: true }) : undefined;
  }
}
