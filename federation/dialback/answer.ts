// What dialback answers: as authoritative server without any state, and errors that leave the stream alone. XEP-0220 §2.4, §2.5.

import { Jid } from "../../xmpp/jid/jid.ts";
import { escapeAttribute, escapeText } from "../../xmpp/xml/escape.ts";
import { NS_STANZA_ERRORS } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { FederationContext } from "../way/context.ts";
import { verifyKey } from "./key.ts";

/** Conditions a dialback error may have. XEP-0220 §2.5. */
export type DialbackCondition =
  | "forbidden"
  | "item-not-found"
  | "not-acceptable"
  | "not-authorized"
  | "policy-violation"
  | "remote-connection-failed"
  | "remote-server-not-found"
  | "remote-server-timeout"
  | "resource-constraint";

/** The two kinds of request. */
export type DialbackName = "result" | "verify";

/** Both domains of a dialback element, prepared; undefined where one is missing or no domain. */
export function dialbackPair(raw: RawElement): { readonly from: string; readonly to: string } | undefined {
  const from = domainIn(raw.attr("from"));
  const to = domainIn(raw.attr("to"));
  return from === undefined || to === undefined ? undefined : { from, to };
}

function domainIn(text: string | undefined): string | undefined {
  const jid = Jid.tryParse(text ?? "");
  return jid === undefined || jid.full !== jid.domain ? undefined : jid.domain;
}

/** `from='…' to='…'` of an answer: the request's, swapped. */
export function answerAddresses(from: string, to: string): string {
  return `from='${escapeAttribute(to)}' to='${escapeAttribute(from)}'`;
}

/** An answer of type `error`; `text` tells the peer's operator why. */
export function dialbackErrorText(
  name: DialbackName,
  attributes: string,
  condition: DialbackCondition,
  text?: string,
): string {
  const told = text === undefined ? "" : `<text xmlns='${NS_STANZA_ERRORS}' xml:lang='en'>${escapeText(text)}</text>`;
  const waits = condition.startsWith("remote-") || condition === "resource-constraint";
  const type = condition === "forbidden" || condition === "not-authorized" ? "auth" : waits ? "wait" : "cancel";
  return `<db:${name} ${attributes} type='error'><error type='${type}'><${condition} xmlns='${NS_STANZA_ERRORS}'/>${told}</error></db:${name}>`;
}

/** We are authoritative: was this key made with our secret? XEP-0220 §2.4.2. */
export function verifyAnswer(context: FederationContext, raw: RawElement, from: string, to: string): string {
  const id = raw.attr("id") ?? "";
  const attributes = `${answerAddresses(from, to)} id='${escapeAttribute(id)}'`;
  if (!context.inbound.serves(to))
    return dialbackErrorText("verify", attributes, "item-not-found", `${to} is not served here`);
  const key = raw.toElement().getText().trim();
  const valid = verifyKey(key, context.secrets, { receiving: from, originating: to, streamId: id });
  return `<db:verify ${attributes} type='${valid ? "valid" : "invalid"}'/>`;
}
