// What an `<open/>` frame says, as the stream header it stands for. RFC 7395 §3.4.
import { NS_STREAM } from "../xml/namespaces.ts";
import type { RawElement } from "../xml/raw-element.ts";
import type { StreamHeader } from "../xml/tokenizer.ts";

/** An `<open/>` as the header it stands for. RFC 7395 §3.4. */
export function framedHeader(raw: RawElement, contentNamespace: string): StreamHeader {
  return {
    prefix: "stream",
    name: "stream",
    xmlns: NS_STREAM,
    defaultNamespace: contentNamespace,
    to: raw.attr("to"),
    from: raw.attr("from"),
    id: raw.attr("id"),
    version: raw.attr("version"),
    lang: raw.attr("xml:lang"),
    attributes: raw.attributes,
    prefixes: new Map(),
  };
}
