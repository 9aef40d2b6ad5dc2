// Every incoming stream of a node, counted: how many a remote domain has, and how many have not proven any.
import type { FederationContext } from "../context.ts";
import type { IncomingSession } from "./session.ts";

/** A place among the streams that are not yet authenticated. */
export interface Slot {
  /** Gives it back; more than once is harmless. */
  release(): void;
}

/** The incoming streams. */
export class IncomingStreams {
  readonly sessions = new Set<IncomingSession>();
  private readonly context: FederationContext;
  private readonly byRemote = new Map<string, Set<IncomingSession>>();
  private readonly byAddress = new Map<string, number>();
  private unauthenticated = 0;

  constructor(context: FederationContext) {
    this.context = context;
  }

  /** A place for a connection from an address; undefined where there are too many. */
  admit(address: string): Slot | undefined {
    const { unauthenticatedStreams, unauthenticatedPerAddress } = this.context.config;
    const here = this.byAddress.get(address) ?? 0;
    if (this.unauthenticated >= unauthenticatedStreams || here >= unauthenticatedPerAddress) return undefined;
    this.unauthenticated++;
    this.byAddress.set(address, here + 1);
    let released = false;
    return {
      release: () => {
        if (released) return;
        released = true;
        this.unauthenticated--;
        const left = (this.byAddress.get(address) ?? 1) - 1;
        if (left > 0) this.byAddress.set(address, left);
        else this.byAddress.delete(address);
      },
    };
  }

  /** A session proves a remote domain; false where the domain has as many streams as it may. */
  claim(remote: string, session: IncomingSession): boolean {
    const streams = this.byRemote.get(remote) ?? new Set();
    if (streams.has(session)) return true;
    if (streams.size >= this.context.policy(remote).maxStreams) return false;
    streams.add(session);
    this.byRemote.set(remote, streams);
    return true;
  }

  /** A session is over. */
  delete(session: IncomingSession): void {
    this.sessions.delete(session);
    for (const remote of session.domains.remotes()) {
      const streams = this.byRemote.get(remote);
      streams?.delete(session);
      if (streams?.size === 0) this.byRemote.delete(remote);
    }
  }
}
