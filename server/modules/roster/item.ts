// A roster item: its states, and itself as XML. RFC 6121 §2.1.
import { Element } from "ltx";
import type { RosterItem, Subscription } from "./port.ts";
import type { SubscriptionState } from "./subscription-table.ts";

/** The item that stands for a contact of whom nothing is known. */
export function unknownItem(jid: string): RosterItem {
  return {
    jid,
    name: "",
    groups: [],
    subscription: "none",
    ask: false,
    approved: false,
    pendingIn: undefined,
    listed: false,
  };
}

/** The state of RFC 6121 appendix A that an item is in. */
export function stateOf(item: RosterItem): SubscriptionState {
  const pendingIn = item.pendingIn !== undefined;
  switch (item.subscription) {
    case "none":
      if (item.ask) return pendingIn ? "None + Pending Out+In" : "None + Pending Out";
      return pendingIn ? "None + Pending In" : "None";
    case "to":
      return pendingIn ? "To + Pending In" : "To";
    case "from":
      return item.ask ? "From + Pending Out" : "From";
    case "both":
      return "Both";
  }
}

/** The item in another state; `request` is kept where the state has a pending inbound request. */
export function inState(item: RosterItem, state: SubscriptionState, request: string | undefined): RosterItem {
  const subscription = (state.split(" ")[0] as string).toLowerCase() as Subscription;
  const pendingIn = state.includes("In") ? (request ?? item.pendingIn) : undefined;
  const ask = state.includes("Out");
  return { ...item, subscription, ask, pendingIn, listed: item.listed || ask || subscription !== "none" };
}

/** True where the contact receives the user's presence. */
export function hasFrom(item: RosterItem): boolean {
  return item.subscription === "from" || item.subscription === "both";
}

/** True where the user receives the contact's presence. */
export function hasTo(item: RosterItem): boolean {
  return item.subscription === "to" || item.subscription === "both";
}

/** The item as clients see it. RFC 6121 §2.1.2. */
export function itemElement(item: RosterItem): Element {
  const element = new Element("item", { jid: item.jid, subscription: item.subscription });
  if (item.name !== "") element.attrs.name = item.name;
  if (item.ask) element.attrs.ask = "subscribe";
  if (item.approved) element.attrs.approved = "true";
  for (const group of item.groups) element.c("group").t(group);
  return element;
}

/** The notice that an item is gone. RFC 6121 §2.5.2. */
export function removedElement(jid: string): Element {
  return new Element("item", { jid, subscription: "remove" });
}
