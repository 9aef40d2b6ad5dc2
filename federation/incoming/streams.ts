// Every incoming stream of a node, counted: how many a remote domain has, and how many have not proven any.
import { blockOf, networkOf } from "../../server/index.ts";
import type { FederationContext } from "../way/context.ts";
import { Shares } from "./shares.ts";
import type { IncomingStream, Slot } from "./stream.ts";

/** Dialback keys from one network that may be in verification at one time: each costs us a connection somewhere. */
export const MAX_VERIFYING = 256;

/** The incoming streams. */
export class IncomingStreams {
  readonly sessions = new Set<IncomingStream>();
  private readonly context: FederationContext;
  private readonly byRemote = new Map<string, Set<IncomingStream>>();
  /** Unauthenticated streams by address: an IPv6 /64 is one peer's. */
  private readonly byAddress = new Map<string, number>();
  private readonly shares = new Shares();
  private readonly verifying = new Map<string, number>();

  constructor(context: FederationContext) {
    this.context = context;
  }

  /**
   * A place for a connection from an address; undefined where there are too many. Once all places are taken, the network
   * with most of them gives its oldest to one with fewer: `evicted` is called where that is this one. RFC 6120 §13.12.
   */
  admit(address: string, evicted: () => void): Slot | undefined {
    const { unauthenticatedStreams, unauthenticatedPerAddress } = this.context.config;
    const network = blockOf(address);
    if (this.shares.size >= unauthenticatedStreams && !this.shares.makeRoom(network)) return undefined;
    const slot = take(this.byAddress, networkOf(address), unauthenticatedPerAddress);
    if (slot === undefined) return undefined;
    const release = once(() => {
      this.shares.delete(network, place);
      slot.release();
    });
    const place = () => {
      release.release();
      evicted();
    };
    this.shares.add(network, place);
    return release;
  }

  /** A place for the verification of a dialback key that came from an address; undefined where there are too many. */
  admitVerification(address: string): Slot | undefined {
    return take(this.verifying, networkOf(address), MAX_VERIFYING);
  }

  /** A session proves a remote domain; false where the domain has as many streams as it may. */
  claim(remote: string, session: IncomingStream): boolean {
    const streams = this.byRemote.get(remote) ?? new Set();
    if (streams.has(session)) return true;
    if (streams.size >= this.context.policy(remote).maxStreams) return false;
    streams.add(session);
    this.byRemote.set(remote, streams);
    return true;
  }

  /** A session is over. */
  delete(session: IncomingStream): void {
    this.sessions.delete(session);
    for (const remote of session.domains.remotes()) {
      const streams = this.byRemote.get(remote);
      streams?.delete(session);
      if (streams?.size === 0) this.byRemote.delete(remote);
    }
  }
}

/** One more of a name, where there are fewer than `limit`. */
function take(counts: Map<string, number>, name: string, limit: number): Slot | undefined {
  const here = counts.get(name) ?? 0;
  if (here >= limit) return undefined;
  counts.set(name, here + 1);
  return once(() => {
    const left = (counts.get(name) ?? 1) - 1;
    if (left > 0) counts.set(name, left);
    else counts.delete(name);
  });
}

function once(release: () => void): Slot {
  let released = false;
  return {
    release: () => {
      if (!released) release();
      released = true;
    },
  };
}
