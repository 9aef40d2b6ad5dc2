// Presence: priorities, and stanzas of presence that the server makes itself. RFC 6121 §4.
import type { Jid } from "../jid/jid.ts";
import { NS_CLIENT } from "../xml/namespaces.ts";
import { Content } from "./content.ts";
import { Stanza } from "./stanza.ts";

/** The four types that manage subscriptions. RFC 6121 §3. */
export type SubscriptionType = "subscribe" | "subscribed" | "unsubscribe" | "unsubscribed";

/** True for presence that manages a subscription. */
export function isSubscriptionType(type: string | undefined): type is SubscriptionType {
  return type === "subscribe" || type === "subscribed" || type === "unsubscribe" || type === "unsubscribed";
}

/** Priority of available presence, 0 where absent; undefined where it is no number of -128 to 127. RFC 6121 §4.7.2.3. */
export function presencePriority(stanza: Stanza): number | undefined {
  if (!stanza.has(NS_CLIENT, "priority")) return 0;
  const text = stanza
    .element()
    .getChildren("priority", NS_CLIENT)
    .map((child) => child.getText().trim());
  if (text.length !== 1 || !/^[+-]?[0-9]{1,3}$/.test(text[0] as string)) return undefined;
  const value = Number(text[0]);
  return value >= -128 && value <= 127 ? value : undefined;
}

/** Presence without content. */
export function presence(from: Jid, to: Jid, type?: string, id?: string): Stanza {
  return new Stanza("presence", from, to, new Content(id, type, undefined, "", "/>", []));
}
