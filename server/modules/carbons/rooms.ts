// The rooms of an account, as far as its devices have shown: whose errors are no matter of its other devices. XEP-0280 §6.1.

import type { Jid } from "../../../xmpp/jid/jid.ts";
import { messageType } from "../../../xmpp/stanza/message.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { type ClientSession, type OwnSession, SharedSessionKey } from "../../ports/session.ts";
import type { DirectedPresence } from "../presence/api.ts";

/** Bare JIDs that a session sent messages of type groupchat to, the latest last. */
const writtenKey = new SharedSessionKey<ReadonlySet<string>>("rooms written to", {
  toJson: (rooms) => [...rooms],
  fromJson: (json) => new Set(json as string[]),
  reach: "everywhere",
});

/** How many of them are remembered of one session, and characters of them: every node keeps them. */
const MOST = 100;
const MOST_CHARACTERS = 8_192;

/** Remembers whom a session writes to as to a room: the errors of that may come when it is in the room no more, or never was. */
export function noteRoom(session: OwnSession, stanza: Stanza): void {
  if (messageType(stanza) !== "groupchat" || stanza.to === undefined) return;
  const { bare } = stanza.to;
  const known = session.get(writtenKey);
  if (known?.has(bare) === true || bare.length > MOST_CHARACTERS) return;
  const rooms = new Set(known).add(bare);
  let characters = 0;
  for (const room of rooms) characters += room.length;
  for (const room of rooms) {
    if (rooms.size <= MOST && characters <= MOST_CHARACTERS) break;
    rooms.delete(room);
    characters -= room.length;
  }
  session.set(writtenKey, rooms);
}

/** True where the address is of a room that one of an account's devices wrote to, or showed itself in. XEP-0045 §7.2. */
export function isOfRoom(
  directed: DirectedPresence,
  devices: readonly ClientSession[],
  from: Jid | undefined,
): boolean {
  if (from === undefined) return false;
  const occupants = `${from.bare}/`;
  for (const session of devices) {
    if (session.get(writtenKey)?.has(from.bare) === true) return true;
    for (const address of directed.of(session)) if (address.startsWith(occupants)) return true;
  }
  return false;
}
