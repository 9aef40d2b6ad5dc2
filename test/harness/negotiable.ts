// A talk's wire as the client's negotiation sees it: what comes is read by saxes, and TLS begins by itself.
import { TLSSocket } from "node:tls";
import { channelBinding } from "../../xmpp/client/channel-binding.ts";
import type { Heard, Negotiable } from "../../xmpp/client/negotiate.ts";
import { NS_CLIENT, NS_FRAMING, NS_STREAM } from "../../xmpp/xml/namespaces.ts";
import type { Received } from "./inbox.ts";
import type { Wire } from "./wire.ts";
import { elementsOf, showXml, textOf, type XmlNode } from "./xml-node.ts";

/** The stream of a wire to `domain`. */
export function negotiable(wire: Wire, domain: string, lang?: string): Negotiable {
  const next = async (): Promise<Received> => wire.inbox.next();
  return {
    async open() {
      const rest = `to="${domain}" version="1.0"${lang === undefined ? "" : ` xml:lang="${lang}"`}`;
      wire.send(
        wire.framed
          ? `<open xmlns="${NS_FRAMING}" ${rest}/>`
          : `<?xml version="1.0"?><stream:stream xmlns="${NS_CLIENT}" xmlns:stream="${NS_STREAM}" ${rest}>`,
      );
      const header = await next();
      if (header.kind !== "open") throw new Error(`expected a stream header, got ${showItem(header)}`);
    },
    send: (text) => wire.send(text),
    async next() {
      const item = await next();
      if (item.kind !== "element") throw new Error(`expected an element, got ${showItem(item)}`);
      return heardOf(item.node);
    },
    async secure() {
      // The wire upgrades as soon as it has read `<proceed/>`.
    },
    bindingData(binding) {
      if (!(wire.socket instanceof TLSSocket)) throw new Error("channel binding needs TLS");
      return channelBinding(wire.socket, binding);
    },
  };
}

function heardOf(node: XmlNode): Heard {
  return {
    name: node.name,
    ns: node.ns,
    get children() {
      return elementsOf(node).map(heardOf);
    },
    get text() {
      return textOf(node);
    },
  };
}

/** One received thing in a sentence. */
export function showItem(item: Received): string {
  switch (item.kind) {
    case "open":
      return `a stream header ${showXml(item.node)}`;
    case "element":
      return showXml(item.node);
    case "close":
      return "the end of the stream";
    case "end":
      return "the end of the connection";
    case "garbage":
      return `what is no XML stream: ${item.problem}`;
  }
}
