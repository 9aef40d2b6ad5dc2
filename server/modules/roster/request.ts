// What is kept of a subscription request until it is answered. RFC 6121 §3.1.3, XEP-0172 §4.2.
import { Element } from "ltx";
import type { Jid } from "../../jid/jid.ts";
import { presence } from "../../stanza/presence.ts";
import { Stanza } from "../../stanza/stanza.ts";
import { NS_CLIENT } from "../../xml/namespaces.ts";
import { parseElement } from "../../xml/tree.ts";

const NS_NICK = "http://jabber.org/protocol/nick";

/** Bytes kept of one request. A larger one is kept without what its sender wrote: it only says who asks. */
const REQUEST_LIMIT = 3 * 1024;

/** Bytes of requests that a session is told at its start; the rest wait until some are answered. */
export const TOLD_LIMIT = 384 * 1024;

/**
 * The text to keep of a request. RFC 6121 §3.1.3 wants the whole stanza kept, but all of them are written to a session
 * at once when it comes: so only what people read is kept (`<status/>`, and the nickname of XEP-0172), and not much.
 */
export function keptRequest(request: Stanza, contact: Jid, account: Jid): string {
  const element = new Element("presence", { xmlns: NS_CLIENT, type: "subscribe" });
  if (request.id !== undefined) element.attrs.id = request.id;
  if (request.lang !== undefined) element.attrs["xml:lang"] = request.lang;
  if (request.has(NS_CLIENT, "status"))
    for (const status of request.element().getChildren("status", NS_CLIENT)) {
      const lang = status.attrs["xml:lang"];
      element.c("status", lang === undefined ? {} : { "xml:lang": lang }).t(status.getText());
    }
  const nick = request.child(NS_NICK, "nick");
  if (nick !== undefined) element.c("nick", { xmlns: NS_NICK }).t(nick.getText());
  const text = Stanza.fromElement(element, contact, account).text();
  return Buffer.byteLength(text) <= REQUEST_LIMIT ? text : presence(contact, account, "subscribe").text();
}

/** A kept request as a stanza; only who asks, where it was kept larger than is kept now. */
export function requestStanza(kept: string, contact: Jid, account: Jid): Stanza {
  if (kept.length > REQUEST_LIMIT) return presence(contact, account, "subscribe");
  return Stanza.fromElement(parseElement(kept, NS_CLIENT));
}
