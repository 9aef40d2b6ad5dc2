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
  return buildIq("result", request.to, request.from, request.id, payload);
}

/** An IQ of our own. */
export function buildIq(
  type: "get" | "set" | "result",
  from: Jid | undefined,
  to: Jid | undefined,
  id: string | undefined,
  payload?: IqPayload,
): Stanza {
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
