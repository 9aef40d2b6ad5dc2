// The elements of stream management and of stream limits as text, and what they say. XEP-0198, XEP-0478.
import type { Element } from "ltx";
import { countOf } from "../../xmpp/management/count.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import { escapeAttribute } from "../../xmpp/xml/escape.ts";
import { NS_SM, NS_STANZA_ERRORS } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";

/** Stream limits. XEP-0478. */
export const NS_STREAM_LIMITS = "urn:xmpp:stream-limits:0";
/** Asks for a bidirectional stream, and the feature that offers it. XEP-0288. */
export const NS_BIDI = "urn:xmpp:bidi";
export const NS_BIDI_FEATURE = "urn:xmpp:features:bidi";

export const SM_FEATURE = `<sm xmlns='${NS_SM}'/>`;
export const SM_REQUEST = `<r xmlns='${NS_SM}'/>`;
export const SM_ENABLE = `<enable xmlns='${NS_SM}' resume='true'/>`;

/** `<a/>`. */
export function ackText(h: number): string {
  return `<a xmlns='${NS_SM}' h='${h}'/>`;
}

/** `<enabled/>`; with an id the stream may be resumed within `seconds`. */
export function enabledText(id: string | undefined, seconds: number): string {
  const resumable = id === undefined ? "" : ` id='${id}' resume='true' max='${Math.floor(seconds)}'`;
  return `<enabled xmlns='${NS_SM}'${resumable}/>`;
}

/** `<resume/>`. */
export function resumeText(id: string, h: number): string {
  return `<resume xmlns='${NS_SM}' previd='${escapeAttribute(id)}' h='${h}'/>`;
}

/** `<resumed/>`. */
export function resumedText(id: string, h: number): string {
  return `<resumed xmlns='${NS_SM}' previd='${escapeAttribute(id)}' h='${h}'/>`;
}

/** `<failed/>`. */
export function smFailedText(condition: "item-not-found" | "unexpected-request" | "not-allowed"): string {
  return `<failed xmlns='${NS_SM}'><${condition} xmlns='${NS_STANZA_ERRORS}'/></failed>`;
}

/** The application-specific condition for an impossible count. XEP-0198 §6. */
export function tooHighText(h: number, sent: number): string {
  return `<handled-count-too-high xmlns='${NS_SM}' h='${h}' send-count='${sent}'/>`;
}

/** The `h` of an `<a/>`, `<resume/>` or `<resumed/>`; undefined where it is no count. */
export function handledOf(raw: RawElement): number | undefined {
  return countOf(raw.attr("h"));
}

/** What a peer says that it takes. */
export interface PeerLimits {
  /** Bytes of one element. */
  readonly maxBytes: number | undefined;
  /** Seconds without traffic after which it may end the stream. */
  readonly idleSeconds: number | undefined;
}

/** `<limits/>`. */
export function limitsText(maxBytes: number, idleSeconds: number): string {
  return `<limits xmlns='${NS_STREAM_LIMITS}'><max-bytes>${maxBytes}</max-bytes><idle-seconds>${Math.ceil(idleSeconds)}</idle-seconds></limits>`;
}

/** Reads `<limits/>` out of features or of `<bidi/>`; what makes no sense counts as not said. */
export function limitsOf(parent: Element | undefined): PeerLimits {
  const limits = parent?.getChild("limits", NS_STREAM_LIMITS);
  return { maxBytes: numberIn(limits, "max-bytes", 1000), idleSeconds: numberIn(limits, "idle-seconds", 1) };
}

function numberIn(limits: Element | undefined, name: string, least: number): number | undefined {
  const text = limits?.getChild(name, NS_STREAM_LIMITS)?.getText().trim() ?? "";
  if (!/^[0-9]{1,12}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least ? value : undefined;
}

/**
 * True where the stanza has more bytes than that. Characters tell enough unless the limit is near: a character has one to
 * three bytes for each UTF-16 unit.
 */
export function exceeds(stanza: Stanza, maxBytes: number): boolean {
  const text = stanza.text();
  if (text.length > maxBytes) return true;
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}
