// The elements of stream management as text, and the count that they carry; for C2S and S2S alike. XEP-0198 §3 to §6.
import type { StanzaErrorCondition } from "../stanza/error.ts";
import { escapeAttribute } from "../xml/escape.ts";
import { NS_SM, NS_STANZA_ERRORS } from "../xml/namespaces.ts";
import type { RawElement } from "../xml/raw-element.ts";
import { countOf } from "./count.ts";

/** The stream feature. XEP-0198 §3. */
export const SM_FEATURE = `<sm xmlns='${NS_SM}'/>`;
/** Asks the peer what it has handled. XEP-0198 §4. */
export const SM_REQUEST = `<r xmlns='${NS_SM}'/>`;
/** Asks for stream management whose stream may be resumed. XEP-0198 §5. */
export const SM_ENABLE = `<enable xmlns='${NS_SM}' resume='true'/>`;

/** `<a/>`: so many stanzas were handled. XEP-0198 §4. */
export function ackText(h: number): string {
  return `<a xmlns='${NS_SM}' h='${h}'/>`;
}

/** How a stream may be resumed. XEP-0198 §5. */
export interface Resumption {
  readonly id: string;
  /** Seconds it waits for its peer. */
  readonly seconds: number;
  /** Where the peer is to connect in order to resume it. */
  readonly location?: string | undefined;
}

/** `<enabled/>`; without a resumption the stream cannot be resumed. XEP-0198 §3, §5. */
export function enabledText(resumption: Resumption | undefined): string {
  if (resumption === undefined) return `<enabled xmlns='${NS_SM}'/>`;
  const { id, seconds, location } = resumption;
  const at = location === undefined ? "" : ` location='${escapeAttribute(location)}'`;
  return `<enabled xmlns='${NS_SM}' id='${escapeAttribute(id)}' resume='true' max='${Math.floor(seconds)}'${at}/>`;
}

/** `<resume/>`. XEP-0198 §5. */
export function resumeText(id: string, h: number): string {
  return `<resume xmlns='${NS_SM}' previd='${escapeAttribute(id)}' h='${h}'/>`;
}

/** `<resumed/>`. XEP-0198 §5. */
export function resumedText(id: string, h: number): string {
  return `<resumed xmlns='${NS_SM}' previd='${escapeAttribute(id)}' h='${h}'/>`;
}

/** `<failed/>`; `h` is what was handled of a stream that cannot be resumed, where it is known. XEP-0198 §5. */
export function failedText(condition: StanzaErrorCondition, h?: number): string {
  const handled = h === undefined ? "" : ` h='${h}'`;
  return `<failed xmlns='${NS_SM}'${handled}><${condition} xmlns='${NS_STANZA_ERRORS}'/></failed>`;
}

/** The application-specific condition of a stream error for a count that cannot be. XEP-0198 §6. */
export function tooHighText(h: number, sent: number): string {
  return `<handled-count-too-high xmlns='${NS_SM}' h='${h}' send-count='${sent}'/>`;
}

/** The `h` of an `<a/>`, `<resume/>` or `<resumed/>`; undefined where it is no count. */
export function handledOf(raw: Pick<RawElement, "attr">): number | undefined {
  return countOf(raw.attr("h"));
}
