// The receiving side of an impersonated server: features, STARTTLS, EXTERNAL and dialback, then stanzas to its inbox.
import { randomBytes } from "node:crypto";
import { NS_DIALBACK, NS_DIALBACK_FEATURE, NS_SASL, NS_SERVER, NS_STREAM, NS_TLS } from "../../xmpp/xml/namespaces.ts";
import { FOREVER } from "./inbox.ts";
import type { Peer } from "./peer.ts";
import type { TcpWire } from "./wire.ts";
import { textOf, type XmlNode } from "./xml-node.ts";

/** The header that a peer answers with. */
export function peerHeader(from: string, to: string | undefined, id?: string): string {
  const receiver = to === undefined ? "" : ` to="${to}"`;
  const identity = id === undefined ? "" : ` id="${id}"`;
  return (
    `<?xml version="1.0"?><stream:stream xmlns="${NS_SERVER}" xmlns:stream="${NS_STREAM}" xmlns:db="${NS_DIALBACK}"` +
    ` from="${from}"${receiver}${identity} version="1.0">`
  );
}

/** Serves one connection of the server under test until it ends. */
export async function acceptStream(peer: Peer, wire: TcpWire): Promise<void> {
  const stream = new Accepted(peer, wire);
  if (peer.plan.tls === "direct") {
    await wire.startTls();
    stream.secure = true;
  }
  for (;;) {
    const item = await wire.inbox.next(FOREVER);
    if (item.kind === "open") stream.open(item.node);
    else if (item.kind === "element") stream.element(item.node);
    else {
      if (stream.proven || item.kind === "garbage") peer.inbox.push(item);
      if (item.kind === "close") {
        wire.send("</stream:stream>");
        wire.end();
      }
      if (item.kind !== "close") return;
    }
  }
}

class Accepted {
  secure = false;
  /** The server under test proved its domain on this stream. */
  proven = false;
  private readonly peer: Peer;
  private readonly wire: TcpWire;

  constructor(peer: Peer, wire: TcpWire) {
    this.peer = peer;
    this.wire = wire;
  }

  open(header: XmlNode): void {
    const { peer, wire } = this;
    wire.send(peerHeader(peer.plan.domain, header.attributes.get("from"), randomBytes(8).toString("hex")));
    wire.send(`<stream:features>${this.features()}</stream:features>`);
  }

  element(node: XmlNode): void {
    const { peer, wire } = this;
    if (node.ns === NS_TLS && node.name === "starttls") {
      this.secure = true;
      wire.send(`<proceed xmlns="${NS_TLS}"/>`);
    } else if (node.ns === NS_SASL && node.name === "auth") {
      this.prove();
      wire.send(`<success xmlns="${NS_SASL}"/>`);
    } else if (node.ns === NS_DIALBACK && !node.attributes.has("type")) this.dialback(node);
    else peer.take(node);
  }

  private prove(): void {
    this.proven = true;
    this.peer.proven(this.wire);
  }

  private features(): string {
    const { auth, tls } = this.peer.plan;
    if (tls === "starttls" && !this.secure) return `<starttls xmlns="${NS_TLS}"><required/></starttls>`;
    if (this.proven || auth === "none") return "";
    if (auth === "external") return `<mechanisms xmlns="${NS_SASL}"><mechanism>EXTERNAL</mechanism></mechanisms>`;
    return `<dialback xmlns="${NS_DIALBACK_FEATURE}"><errors/></dialback>`;
  }

  /** Accepts each key, and vouches for the keys this domain issued. XEP-0220 §2.1.2, §2.2.2. */
  private dialback(node: XmlNode): void {
    const from = node.attributes.get("from");
    const to = node.attributes.get("to");
    const key = textOf(node);
    if (node.name === "result") {
      this.prove();
      this.wire.send(`<db:result from="${to}" to="${from}" type="valid"/>`);
    } else {
      const id = node.attributes.get("id");
      const type = this.peer.keys.has(`${id} ${key}`) ? "valid" : "invalid";
      this.wire.send(`<db:verify from="${to}" to="${from}" id="${id}" type="${type}"/>`);
    }
  }
}
