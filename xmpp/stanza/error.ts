// Stanza errors: conditions, their usual types, and the reply that carries one. RFC 6120 §8.3.
import { escapeText } from "../xml/escape.ts";
import { NS_CLIENT, NS_STANZA_ERRORS } from "../xml/namespaces.ts";
import { Content } from "./content.ts";
import { Stanza } from "./stanza.ts";

/** Error types. RFC 6120 §8.3.2. */
export type StanzaErrorType = "auth" | "cancel" | "continue" | "modify" | "wait";

/** Conditions with the type RFC 6120 §8.3.3 gives each. */
export const STANZA_ERROR_TYPES = {
  "bad-request": "modify",
  conflict: "cancel",
  "feature-not-implemented": "cancel",
  forbidden: "auth",
  gone: "cancel",
  "internal-server-error": "cancel",
  "item-not-found": "cancel",
  "jid-malformed": "modify",
  "not-acceptable": "modify",
  "not-allowed": "cancel",
  "not-authorized": "auth",
  "policy-violation": "modify",
  "recipient-unavailable": "wait",
  redirect: "modify",
  "registration-required": "auth",
  "remote-server-not-found": "cancel",
  "remote-server-timeout": "wait",
  "resource-constraint": "wait",
  "service-unavailable": "cancel",
  "subscription-required": "auth",
  "undefined-condition": "cancel",
  "unexpected-request": "wait",
} as const satisfies Record<string, StanzaErrorType>;

/** Stanza error conditions. RFC 6120 §8.3.3. */
export type StanzaErrorCondition = keyof typeof STANZA_ERROR_TYPES;

/** Thrown by a handler to have its caller answered with this error. */
export class StanzaError extends Error {
  override name = "StanzaError";
  readonly condition: StanzaErrorCondition;
  readonly text: string | undefined;
  /** An application-specific condition as XML text. RFC 6120 §8.3.4. */
  readonly application: string | undefined;

  constructor(condition: StanzaErrorCondition, text?: string, application?: string) {
    super(text ?? condition);
    this.condition = condition;
    this.text = text;
    this.application = application;
  }
}

/** What an error reply may say beyond its condition. */
export interface ErrorDetails {
  readonly text?: string | undefined;
  readonly type?: StanzaErrorType;
  readonly application?: string | undefined;
}

/** True where RFC 6120 §8.3.1 allows an error to be sent in answer: never to an error, nor to an IQ result. */
export function mayAnswerWithError(stanza: Stanza): boolean {
  if (stanza.type === "error") return false;
  return stanza.kind !== "iq" || stanza.type !== "result";
}

/** The error reply to a stanza, addresses swapped; check `mayAnswerWithError` first. RFC 6120 §8.3.1. */
export function errorReply(stanza: Stanza, condition: StanzaErrorCondition, details: ErrorDetails = {}): Stanza {
  const type = details.type ?? STANZA_ERROR_TYPES[condition];
  const text =
    details.text === undefined
      ? ""
      : `<text xmlns='${NS_STANZA_ERRORS}' xml:lang='en'>${escapeText(details.text)}</text>`;
  const tail = `><error type='${type}'><${condition} xmlns='${NS_STANZA_ERRORS}'/>${text}${details.application ?? ""}</error></${stanza.kind}>`;
  return new Stanza(
    stanza.kind,
    stanza.to,
    stanza.from,
    new Content(stanza.id, "error", undefined, "", tail, [{ name: "error", xmlns: NS_CLIENT }]),
  );
}
