// Stream errors. RFC 6120 §4.9.
import type { Element } from "ltx";
import { escapeText } from "../xml/escape.ts";
import { NS_STREAM, NS_STREAM_ERRORS } from "../xml/namespaces.ts";

/** Stream error conditions. RFC 6120 §4.9.3. */
export type StreamErrorCondition =
  | "bad-format"
  | "bad-namespace-prefix"
  | "conflict"
  | "connection-timeout"
  | "host-gone"
  | "host-unknown"
  | "improper-addressing"
  | "internal-server-error"
  | "invalid-from"
  | "invalid-namespace"
  | "invalid-xml"
  | "not-authorized"
  | "not-well-formed"
  | "policy-violation"
  | "remote-connection-failed"
  | "reset"
  | "resource-constraint"
  | "restricted-xml"
  | "see-other-host"
  | "system-shutdown"
  | "undefined-condition"
  | "unsupported-encoding"
  | "unsupported-feature"
  | "unsupported-stanza-type"
  | "unsupported-version";

/** A stream error received or sent. */
export interface StreamError {
  readonly condition: StreamErrorCondition;
  readonly text: string | undefined;
  /** Content of `see-other-host`. */
  readonly content?: string;
  /** An application-specific condition as XML text. RFC 6120 §4.9.4. */
  readonly application?: string;
}

/** A stream error of ours; what is undefined is left out. */
export function streamError(
  condition: StreamErrorCondition,
  text?: string,
  content?: string,
  application?: string,
): StreamError {
  const more = {
    ...(content === undefined ? {} : { content }),
    ...(application === undefined ? {} : { application }),
  };
  return { condition, text, ...more };
}

/** What a peer's error element says. A condition that nobody knows is told as it came. */
export function readStreamError(element: Element): StreamError {
  const condition = element.getChildElements().find((child) => child.getName() !== "text");
  const text = element.getChild("text", NS_STREAM_ERRORS)?.getText();
  const name = (condition?.getName() ?? "undefined-condition") as StreamErrorCondition;
  const content = condition?.getText();
  return { condition: name, text, ...(content ? { content } : {}) };
}

/** The error element as text; `framed` adds the declaration WebSocket frames need. */
export function streamErrorText(error: StreamError, framed: boolean): string {
  const open = framed ? `<stream:error xmlns:stream='${NS_STREAM}'>` : "<stream:error>";
  const content = error.content === undefined ? "/>" : `>${escapeText(error.content)}</${error.condition}>`;
  const text =
    error.text === undefined ? "" : `<text xmlns='${NS_STREAM_ERRORS}' xml:lang='en'>${escapeText(error.text)}</text>`;
  return `${open}<${error.condition} xmlns='${NS_STREAM_ERRORS}'${content}${text}${error.application ?? ""}</stream:error>`;
}
