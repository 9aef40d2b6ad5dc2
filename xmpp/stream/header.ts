// Stream headers as written: opening and closing a stream on TCP and in WebSocket frames. RFC 6120 §4.7, RFC 7395 §3.4.
import { escapeAttribute } from "../xml/escape.ts";
import { NS_FRAMING, NS_STREAM } from "../xml/namespaces.ts";

/** What a header we send says. */
export interface HeaderOut {
  readonly to?: string | undefined;
  readonly from?: string | undefined;
  readonly id?: string | undefined;
  readonly lang?: string | undefined;
  /** Further namespace declarations by prefix, e.g. `db` for dialback. */
  readonly prefixes?: Readonly<Record<string, string>>;
  /** Left out for a peer that is older than XMPP 1.0. */
  readonly version?: "1.0" | undefined;
}

/** A stream header (or `<open/>`) as text. */
export function headerText(header: HeaderOut, contentNamespace: string, framed: boolean): string {
  let attributes = "";
  if (header.from !== undefined) attributes += ` from='${escapeAttribute(header.from)}'`;
  if (header.to !== undefined) attributes += ` to='${escapeAttribute(header.to)}'`;
  if (header.id !== undefined) attributes += ` id='${escapeAttribute(header.id)}'`;
  if (header.lang !== undefined) attributes += ` xml:lang='${escapeAttribute(header.lang)}'`;
  if (header.version !== undefined) attributes += ` version='${header.version}'`;
  if (framed) return `<open xmlns='${NS_FRAMING}'${attributes}/>`;
  for (const [prefix, namespace] of Object.entries(header.prefixes ?? {}))
    attributes += ` xmlns:${prefix}='${escapeAttribute(namespace)}'`;
  return `<?xml version='1.0'?><stream:stream xmlns='${contentNamespace}' xmlns:stream='${NS_STREAM}'${attributes}>`;
}

/** The end of a stream as text. */
export function closeText(framed: boolean): string {
  return framed ? `<close xmlns='${NS_FRAMING}'/>` : "</stream:stream>";
}
