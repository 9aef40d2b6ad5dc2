// The items that a request lists: children of its own namespace, and never silently none. RFC 6120 §8.4.
import type { Element } from "ltx";
import { StanzaError } from "./error.ts";

/**
 * The children of a request of that name, in the request's own namespace; what is in another one is an extension, and
 * left aside. None only where the request is empty: one whose content nobody understands asks for something else, and
 * must not be taken for one that means everything. @throws StanzaError
 */
export function itemsOf(payload: Element, name: string): Element[] {
  const items = payload.getChildren(name, payload.getNS());
  if (items.length === 0 && !isEmpty(payload)) throw new StanzaError("bad-request", `no ${name} among what is asked`);
  return items;
}

function isEmpty({ children }: Element): boolean {
  return children.every((child) => typeof child === "string" && child.trim() === "");
}
