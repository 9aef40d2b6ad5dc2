// Outgoing connections by domain pair: one each, so that order between two JIDs holds.
import type { RemoteRouter, Stanza } from "../../server/index.ts";
import type { FederationContext } from "../context.ts";
import { OutgoingConnection, type OutgoingStatus } from "./connection.ts";

/** Pairs remembered; beyond it those at rest are forgotten. */
const PAIR_LIMIT = 10_000;

/** Every outgoing connection of a node. */
export class OutgoingPool implements RemoteRouter {
  private readonly context: FederationContext;
  private readonly connections = new Map<string, OutgoingConnection>();
  private closed = false;

  constructor(context: FederationContext) {
    this.context = context;
  }

  route(stanza: Stanza): void {
    const from = stanza.from?.domain;
    const to = stanza.to?.domain;
    if (from === undefined || to === undefined) return;
    if (this.closed)
      return this.context.inbound.returned(stanza, "remote-server-timeout", "this server is shutting down");
    this.connection(from, to).send(stanza);
  }

  /** Forgets failures to reach a remote domain: it showed that it is there. */
  reset(to: string): void {
    for (const connection of this.connections.values()) if (connection.to === to) connection.reset();
  }

  status(): OutgoingStatus[] {
    return [...this.connections.values()].map((connection) => connection.status());
  }

  /** Flushes within `ms` and closes every stream. */
  async drain(ms: number): Promise<void> {
    this.closed = true;
    await Promise.all([...this.connections.values()].map((connection) => connection.drain(ms)));
  }

  private connection(from: string, to: string): OutgoingConnection {
    const key = `${from} ${to}`;
    const known = this.connections.get(key);
    if (known !== undefined) return known;
    if (this.connections.size >= PAIR_LIMIT) this.forgetIdle();
    const made = new OutgoingConnection(this.context, from, to);
    this.connections.set(key, made);
    return made;
  }

  private forgetIdle(): void {
    for (const [key, connection] of this.connections)
      if (connection.status().state === "idle") this.connections.delete(key);
  }
}
