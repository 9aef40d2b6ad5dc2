// Which messages are worth keeping for an account that is away. XEP-0160 §3, XEP-0334 §4.
import { messageType } from "../../xmpp/stanza/message.ts";
import type { Fate as Settled } from "../../xmpp/stanza/safety.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";

const NS_HINTS = "urn:xmpp:hints";

/** What becomes of a message that found no resource: kept, returned to its sender, or let go of. */
export interface Fate {
  readonly fate: "keep" | "return" | "drop";
  readonly reason: string;
}

/** Namespaces of what is over by the time somebody reads it, or only goes with something else. */
const MOMENTARY: ReadonlySet<string> = new Set([
  "http://jabber.org/protocol/chatstates",
  "urn:xmpp:receipts",
  "urn:xmpp:chat-markers:0",
  "urn:xmpp:sid:0",
  "urn:xmpp:delay",
  NS_HINTS,
]);

/** True for a child that says nothing by itself: `<thread/>` groups chat states as well as words. XEP-0085 §5.6. */
function momentary({ name, xmlns }: { readonly name: string; readonly xmlns: string }): boolean {
  return MOMENTARY.has(xmlns) || (xmlns === "jabber:client" && name === "thread");
}

/** What became of a message that is dropped by the rules. */
export const NOT_WORTH_KEEPING: Settled = "dropped: XEP-0160 §3";

/** True for what is over by the time that somebody reads it, where it waits at all. */
export function isOver(stanza: Stanza): boolean {
  return fateOf(stanza).fate === "drop";
}

/** The rules, the first that holds decides. */
export function fateOf(stanza: Stanza): Fate {
  const type = messageType(stanza);
  if (type !== "chat" && type !== "normal") return { fate: "return", reason: "its type is not kept" };
  const says = stanza.children.some((child) => !momentary(child));
  if (stanza.has(NS_HINTS, "no-store"))
    return says
      ? { fate: "return", reason: "its sender wants it stored nowhere" }
      : { fate: "drop", reason: "it says nothing, and is to be stored nowhere" };
  if (stanza.has(NS_HINTS, "store")) return { fate: "keep", reason: "its sender wants it stored" };
  if (says) return { fate: "keep", reason: "it says something" };
  // Nothing at all is a message all the same, as RFC 6121 §5.2.2 has it for `normal`.
  if (stanza.children.length === 0 && type === "normal") return { fate: "keep", reason: "it is a plain message" };
  return { fate: "drop", reason: "it holds only what is over by then" };
}
