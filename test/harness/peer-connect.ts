// The initiating side of an impersonated server: opens a stream to the server under test and proves its domain.
import { randomBytes } from "node:crypto";
import { NS_DIALBACK, NS_DIALBACK_FEATURE, NS_SASL, NS_TLS } from "../../xmpp/xml/namespaces.ts";
import type { Received } from "./inbox.ts";
import { showItem } from "./negotiable.ts";
import type { PeerPlan } from "./peer.ts";
import { peerHeader } from "./peer-accept.ts";
import type { TcpWire } from "./wire.ts";
import { childOf, elementsOf, showXml, textOf, type XmlNode } from "./xml-node.ts";

/** What the initiating side needs of its peer. */
interface Initiator {
  readonly plan: PeerPlan;
  readonly keys: Set<string>;
}

/** Negotiates a stream up to where stanzas may be sent. @throws Error telling what the server said instead */
export async function openStream(peer: Initiator, wire: TcpWire, to: string): Promise<void> {
  const { domain, auth, tls } = peer.plan;
  let opened = await header(wire, domain, to);
  if (tls === "starttls") opened = await secure(wire, domain, to);
  if (auth === "external") {
    await provideCertificate(wire, domain, opened.features);
    await header(wire, domain, to);
  } else if (auth === "dialback") await dialBack(peer, wire, to, opened);
}

interface Opened {
  readonly id: string;
  readonly features: XmlNode;
}

/** Sends a header and reads the server's, with its features. */
export async function header(wire: TcpWire, from: string, to: string): Promise<Opened> {
  wire.send(peerHeader(from, to));
  const item = await wire.inbox.next();
  if (item.kind !== "open") throw new Error(`expected a stream header, got ${showItem(item)}`);
  return { id: item.node.attributes.get("id") ?? "", features: element(await wire.inbox.next(), "features") };
}

/** STARTTLS and the stream after it. RFC 6120 §5.4. */
export async function secure(wire: TcpWire, from: string, to: string): Promise<Opened> {
  wire.send(`<starttls xmlns="${NS_TLS}"/>`);
  element(await wire.inbox.next(), "proceed");
  return header(wire, from, to);
}

async function provideCertificate(wire: TcpWire, domain: string, features: XmlNode): Promise<void> {
  const offered = childOf(features, "mechanisms", NS_SASL);
  if (offered === undefined || !elementsOf(offered).some((one) => textOf(one) === "EXTERNAL"))
    throw new Error(`EXTERNAL is not offered: ${showXml(features)}`);
  const identity = Buffer.from(domain).toString("base64");
  wire.send(`<auth xmlns="${NS_SASL}" mechanism="EXTERNAL">${identity}</auth>`);
  element(await wire.inbox.next(), "success");
}

async function dialBack(peer: Initiator, wire: TcpWire, to: string, { id, features }: Opened): Promise<void> {
  if (childOf(features, "dialback", NS_DIALBACK_FEATURE) === undefined)
    throw new Error(`dialback is not offered: ${showXml(features)}`);
  const key = randomBytes(16).toString("hex");
  peer.keys.add(`${id} ${key}`);
  wire.send(`<db:result from="${peer.plan.domain}" to="${to}">${key}</db:result>`);
  const answer = element(await wire.inbox.next(), "result");
  if (answer.ns !== NS_DIALBACK || answer.attributes.get("type") !== "valid")
    throw new Error(`the dialback key was not accepted: ${showXml(answer)}`);
}

function element(item: Received, name: string): XmlNode {
  if (item.kind !== "element" || item.node.name !== name) throw new Error(`expected <${name}/>, got ${showItem(item)}`);
  return item.node;
}
