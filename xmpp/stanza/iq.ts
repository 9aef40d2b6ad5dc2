// IQ stanzas: results, and what makes a request one. RFC 6120 §8.2.3.
import { Element } from "ltx";
import type { Jid } from "../jid/jid.ts";
import type { RawElement } from "../xml/raw-element.ts";
import { Content } from "./content.ts";
import { Stanza } from "./stanza.ts";

/** Payload of a result: a tree, XML text of elements that declare their namespaces, or nothing. */
export type IqPayload = Element | string | undefined;

/** The result of an IQ request, addresses swapped. */
export function iqResult(request: Stanza, payload?: IqPayload): Stanza {
  return buildIq({ type: "result", from: request.to, to: request.from, id: request.id }, payload);
}

/** What an IQ says beside its payload. */
export interface IqHead {
  readonly type: "get" | "set" | "result";
  readonly from: Jid | undefined;
  readonly to: Jid | undefined;
  readonly id: string | undefined;
}

/** An IQ of our own. */
export function buildIq({ type, from, to, id }: IqHead, payload?: IqPayload): Stanza {
  const text = payload === undefined ? "" : payload.toString();
  const children = payload instanceof Element ? [{ name: payload.getName(), xmlns: payload.getNS() ?? "" }] : [];
  return new Stanza(
    "iq",
    from,
    to,
    new Content(id, type, undefined, "", text === "" ? "/>" : `>${text}</iq>`, children),
  );
}

/** What is wrong with an IQ's shape, or undefined: RFC 6120 §8.2.3 rules 1 to 5. */
export function iqFault(raw: RawElement): string | undefined {
  const type = raw.attr("type");
  if (raw.attr("id") === undefined) return "an IQ needs an id";
  switch (type) {
    case "get":
    case "set":
      return raw.children.length === 1 ? undefined : "a request has exactly one child";
    case "result":
      return raw.children.length <= 1 ? undefined : "a result has at most one child";
    case "error":
      return undefined;
    default:
      return "an IQ's type is get, set, result or error";
  }
}
