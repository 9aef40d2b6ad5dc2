// Every remote domain of a node: stanzas find their domain pair here, and streams that may be shared.

import type { RemoteRouter } from "../../server/index.ts";
import { type Clock, systemClock, untilHolds } from "../../xmpp/clock.ts";
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { Verifications } from "../dialback/verifications.ts";
import type { Method } from "../negotiation/opening.ts";
import type { FederationContext } from "../way/context.ts";
import type { OutgoingState } from "../way/progress.ts";
import { SenderShares } from "../way/sender-shares.ts";
import { hurry, isSettled } from "./drain.ts";
import type { Pair } from "./pair.ts";
import { Remote, type RemoteSurroundings } from "./remote.ts";
import type { OutgoingStream } from "./stream.ts";

/** Remote domains that our stanzas may make us remember; beyond it those at rest are forgotten, then new ones refused. */
const REMOTE_LIMIT = 10_000;
/** ms between looks at which are at rest. */
const ROOM_LOOK = 1_000;
/** ms between looks at what is still on its way while draining. */
const DRAIN_LOOK = 20;

/** What an operator sees of a domain pair. */
export interface OutgoingStatus {
  readonly from: string;
  readonly to: string;
  readonly state: OutgoingState;
  /** `incoming`: over the peer's own stream (XEP-0288). */
  readonly method: Method | "incoming" | undefined;
  /** Their stanzas come back over it, or ours go over theirs. XEP-0288. */
  readonly bidirectional: boolean;
  readonly queued: number;
  readonly unacknowledged: number;
  /** Seconds until another attempt may be made. */
  readonly retryIn: number;
  readonly lastError: string | undefined;
}

/** Every outgoing connection of a node. */
export class OutgoingPool implements RemoteRouter, RemoteSurroundings {
  readonly context: FederationContext;
  private readonly remotes = new Map<string, Remote>();
  /** By whose stanzas domains came to be known: those that none of them has proved to be there. */
  private readonly shares = new SenderShares();
  private closed = false;
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(context: FederationContext) {
    this.context = context;
  }

  route(stanza: Stanza): void {
    const sender = stanza.from;
    const to = stanza.to?.domain;
    if (sender === undefined || to === undefined) return;
    const remote = this.remotes.get(to) ?? this.makeRoom(to, sender);
    if (remote !== undefined) {
      // Until the peer has acknowledged it, or it was given back.
      stanza.safety?.hold();
      return remote.pair(sender.domain).send(stanza);
    }
    this.context.inbound.returned(stanza, "resource-constraint", "this server talks to too many domains at once");
  }

  /** The pair of a local and a remote domain. */
  pair(from: string, to: string): Pair {
    return this.remote(to).pair(from);
  }

  /** Forgets failures to reach a remote domain; false where nothing is known of it. */
  reset(to: string): boolean {
    const remote = this.remotes.get(to);
    remote?.reset();
    return remote !== undefined;
  }

  /** Policies changed. */
  policyChanged(): void {
    for (const remote of this.remotes.values()) remote.policyChanged();
  }

  /** Questions about dialback keys over a stream to `domain`, where there is one of ours. */
  verifications(domain: string): Verifications | undefined {
    for (const stream of this.remotes.get(domain)?.streams ?? [])
      if (stream.to === domain && stream.verifications.room) return stream.verifications;
    return undefined;
  }

  status(): OutgoingStatus[] {
    const now = this.context.clock.now();
    const list: OutgoingStatus[] = [];
    for (const remote of this.remotes.values())
      for (const pair of remote.pairs.values()) list.push(statusOf(remote, pair, now, this.closed));
    return list;
  }

  async sharedTarget(domain: string): Promise<OutgoingStream | undefined> {
    const candidates: OutgoingStream[] = [];
    // Thousands are without streams, and this is asked for each of them: nothing is made for those.
    for (const remote of this.remotes.values())
      if (remote.streams.size > 0 && remote.domain !== domain)
        for (const stream of remote.streams) if (stream.takesMore(true)) candidates.push(stream);
    if (candidates.length === 0) return undefined;
    const places = await this.placesOf(domain);
    return candidates.find((stream) => places.has(stream.place) && stream.takesMore(true));
  }

  *usersOf(stream: OutgoingStream): Iterable<Remote> {
    for (const remote of this.remotes.values()) if (remote.streams.has(stream)) yield remote;
  }

  /**
   * What waits goes out within `ms`; then every stream is closed, and what is left is given back. By the machine's time,
   * since it waits for sockets.
   */
  async drain(ms: number, clock: Clock = systemClock): Promise<void> {
    const end = clock.now() + ms;
    for (const remote of this.remotes.values()) hurry(remote);
    const settled = () => [...this.remotes.values()].every(isSettled);
    await untilHolds(clock, settled, { end, every: DRAIN_LOOK });
    this.closed = true;
    for (const remote of this.remotes.values()) remote.close();
  }

  /** A remote domain that is new, where there is room for it; a look for room takes long, so not at each stanza. */
  private makeRoom(to: string, sender: Jid): Remote | undefined {
    const now = this.context.clock.now();
    if (!this.hasRoom(sender) && now - this.lookedAt >= ROOM_LOOK) {
      this.lookedAt = now;
      for (const [domain, remote] of this.remotes)
        if (remote.idle) {
          remote.forgotten();
          this.remotes.delete(domain);
        }
    }
    if (!this.hasRoom(sender)) return undefined;
    const made = this.remote(to);
    this.shares.take(sender, 1);
    made.forgotten = () => {
      made.forgotten = () => {};
      this.shares.give(sender, 1);
    };
    return made;
  }

  private hasRoom(sender: Jid): boolean {
    return this.remotes.size < REMOTE_LIMIT && this.shares.allows(sender, 1, REMOTE_LIMIT);
  }

  private remote(to: string): Remote {
    const known = this.remotes.get(to);
    if (known !== undefined) return known;
    const made = new Remote(this, to);
    if (this.closed) made.close();
    this.remotes.set(to, made);
    return made;
  }

  /** Addresses and ports of a domain's first target; none where DNSSEC may say which certificate it has. */
  private async placesOf(domain: string): Promise<Set<string>> {
    const resolution = await this.context.resolver.resolveDomain(domain, "xmpp-server");
    const target = resolution.kind === "targets" ? resolution.targets[0] : undefined;
    if (target === undefined || (target.authenticated && this.context.config.trustDnssec)) return new Set();
    const found = await this.context.resolver.addressesOf(target.host);
    return new Set(found.kind === "addresses" ? found.addresses.map((address) => `${address} ${target.port}`) : []);
  }
}

/** A pair that shares another's stream was proven there by a key. XEP-0220 §2.7. */
function methodOf(stream: OutgoingStream | undefined, pair: Pair): OutgoingStatus["method"] {
  if (stream === undefined) return "incoming";
  return stream.from === pair.from && stream.to === pair.to ? stream.method : "dialback";
}

function statusOf(remote: Remote, pair: Pair, now: number, closed: boolean): OutgoingStatus {
  const wait = Math.max(remote.backOff.wait(now), pair.backOff.wait(now));
  const { attempting } = remote.dialer;
  const stream = [...remote.streams].find(({ carrier }) => carrier === pair.carrier);
  const state = (): OutgoingState => {
    if (closed) return "closed";
    if (pair.carrier !== undefined) return "up";
    if (attempting?.from === pair.from) return attempting.state;
    return wait > 0 || !remote.dialer.idle ? "backing off" : "idle";
  };
  return {
    from: pair.from,
    to: pair.to,
    state: state(),
    method: pair.carrier === undefined ? undefined : methodOf(stream, pair),
    bidirectional: pair.carrier !== undefined && (stream === undefined || stream.bidi),
    queued: pair.queue.length,
    unacknowledged: pair.carrier?.ledger.length ?? 0,
    retryIn: Math.ceil(wait / 1000),
    // What failed before it came up is over.
    lastError: pair.carrier === undefined ? (pair.failure ?? remote.failure)?.message : undefined,
  };
}
