// One connection of an impersonated server whose every element the talk speaks.
import { NS_SERVER } from "../../server/xml/namespaces.ts";
import type { Actor } from "./actor.ts";
import type { Peer } from "./peer.ts";
import { header, openStream, secure } from "./peer-connect.ts";
import type { TcpWire } from "./wire.ts";

/** A connection by name. */
export class PeerWire implements Actor {
  readonly name: string;
  readonly ns = NS_SERVER;
  readonly receiver = {};
  readonly live = false;
  private readonly wire: TcpWire;
  private readonly peer: Peer;
  private readonly to: string;
  private readonly elsewhere: () => Promise<void>;

  constructor(name: string, wire: TcpWire, peer: Peer, to: string, elsewhere: () => Promise<void>) {
    this.name = name;
    this.wire = wire;
    this.peer = peer;
    this.to = to;
    this.elsewhere = elsewhere;
  }

  get inbox() {
    return this.wire.inbox;
  }

  /** Goes ahead by itself: `open`, `tls`, or `authenticated` as the peer's line says. Only of streams we open. */
  async negotiate(stage: string, way: "connects" | "accepts"): Promise<void> {
    const { peer, wire, to } = this;
    if (stage === "connected") return;
    if (way === "accepts") throw new Error("a stream that is accepted is spoken from its start");
    if (stage === "authenticated") return openStream(peer, wire, to);
    await header(wire, peer.plan.domain, to);
    if (stage === "tls") await secure(wire, peer.plan.domain, to);
    else if (stage !== "open") throw new Error(`no stage ${stage}: connected, open, tls, authenticated`);
  }

  async send(text: string): Promise<void> {
    await this.wire.secured();
    this.wire.send(text);
  }

  sendBytes(bytes: Uint8Array): void {
    this.wire.sendBytes(bytes);
  }

  barrier(): Promise<void> {
    return this.elsewhere();
  }

  async close(): Promise<void> {
    this.wire.send("</stream:stream>");
    this.wire.end();
  }

  cut(): void {
    this.wire.destroy();
  }
}
