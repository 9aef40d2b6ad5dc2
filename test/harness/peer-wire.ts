// One connection of an impersonated server whose every element the talk speaks.
import { NS_SERVER, NS_TLS } from "../../xmpp/xml/namespaces.ts";
import type { Actor } from "./actor.ts";
import { showItem } from "./negotiable.ts";
import type { Peer } from "./peer.ts";
import { peerHeader } from "./peer-accept.ts";
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

  /**
   * Goes ahead by itself: `open`, `tls`, or `authenticated` as the peer's line says. An accepted stream goes to where
   * its features are to be sent, with `id` as the id of its stream, and never further than TLS.
   */
  async negotiate(stage: string, way: "connects" | "accepts", id: string): Promise<void> {
    const { peer, wire, to } = this;
    if (stage === "connected") return;
    if (way === "accepts") return this.receive(stage, id);
    if (stage === "authenticated") return openStream(peer, wire, to);
    await header(wire, peer.plan.domain, to);
    if (stage === "tls") await secure(wire, peer.plan.domain, to);
    else if (stage !== "open") throw new Error(`no stage ${stage}: connected, open, tls, authenticated`);
  }

  /** Reads a stream header and answers it. */
  async answerHeader(id: string): Promise<void> {
    const item = await this.inbox.next();
    if (item.kind !== "open") throw new Error(`expected a stream header, got ${showItem(item)}`);
    this.wire.send(peerHeader(this.peer.plan.domain, item.node.attributes.get("from"), id));
  }

  private async receive(stage: string, id: string): Promise<void> {
    if (stage === "open") return this.answerHeader(id);
    if (stage !== "tls") throw new Error(`no stage ${stage} of a stream that is accepted: connected, open, tls`);
    await this.answerHeader("before-tls");
    this.wire.send(`<stream:features><starttls xmlns="${NS_TLS}"><required/></starttls></stream:features>`);
    const item = await this.inbox.next();
    if (item.kind !== "element" || item.node.name !== "starttls")
      throw new Error(`expected <starttls/>, got ${showItem(item)}`);
    this.wire.send(`<proceed xmlns="${NS_TLS}"/>`);
    await this.answerHeader(id);
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
