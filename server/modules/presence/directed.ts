// Whom a session sent directed presence to, as it remembers it and other nodes see it. RFC 6121 §4.6.
import type { Jid } from "../../../xmpp/jid/jid.ts";
import type { ModuleHost } from "../../module/define.ts";
import { type OwnSession, SharedSessionKey } from "../../ports/session.ts";

/** Those a session sent directed presence to. RFC 6121 §4.6. */
export const directedKey = new SharedSessionKey<ReadonlySet<string>>("directed presence", {
  toJson: (directed) => [...directed],
  fromJson: (json) => new Set(json as string[]),
  reach: "everywhere",
});

/** Bounds on remembered receivers of directed presence, per session, and characters of them: every node keeps them. */
const DIRECTED_LIMIT = 1000;
const DIRECTED_SIZE = 32_768;

/** Remembers, or forgets, that an entity was sent directed presence; false where there are too many. */
export function noteDirected(session: OwnSession, to: Jid, available: boolean): boolean {
  const directed = session.get(directedKey) ?? new Set<string>();
  // Nothing changes: the other nodes need not hear of it.
  if (directed.has(to.full) === available) return true;
  if (!available) forgetDirected(session, (address) => address === to.full);
  else if (hasRoom(directed, to.full)) session.set(directedKey, new Set(directed).add(to.full));
  else return false;
  return true;
}

function hasRoom(directed: ReadonlySet<string>, added: string): boolean {
  if (directed.size >= DIRECTED_LIMIT) return false;
  let characters = added.length;
  for (const address of directed) characters += address.length;
  return characters <= DIRECTED_SIZE;
}

/** Forgets some of the receivers, at the node of the session alone; answers which those were. */
export function forgetDirected(session: OwnSession, which: (address: string) => boolean): readonly string[] {
  const directed = session.get(directedKey);
  const [forgotten, rest] = [new Set<string>(), new Set<string>()];
  for (const address of directed ?? []) (which(address) ? forgotten : rest).add(address);
  if (forgotten.size > 0) session.set(directedKey, rest);
  return [...forgotten];
}

/** An account departed: whoever gets its name is not told the end of what was shown to the one before. */
export function forgetDeparted(host: ModuleHost, { bare }: Jid): void {
  for (const session of host.sessions.own())
    forgetDirected(session, (address) => address === bare || address.startsWith(`${bare}/`));
}
