// Messages that were promised to somebody: a store that does not answer for a moment is no reason to give them up.
import { NoteKey, type Stanza } from "../stanza/stanza.ts";
import type { VirtualHost } from "./virtual-host.ts";

/** Notes of a stanza whose keeper tries again: instead of an error to its sender, this is set. */
export const insistentKey = new NoteKey<{ refused: boolean }>("tried again");

/** ms between two attempts: the first pause, and the longest. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;
/** ms after which the sender is told that it could not be kept after all. */
const GIVE_UP = 300_000;

/** What of a host takes part. */
export type Redelivering = Pick<VirtualHost, "redeliver" | "refuse" | "clock">;

/**
 * Redelivers a message to a bare JID. Where the store, or the node that holds the session, cannot take it now it is
 * tried again: its sender may have been told that it is safe, and be gone.
 */
export function redeliverInsistently(host: Redelivering, stanza: Stanza): void | Promise<void> {
  const attempt = { refused: false };
  stanza.setNote(insistentKey, attempt);
  const done = host.redeliver(stanza);
  if (done === undefined && !attempt.refused) return;
  return insist(host, stanza, attempt, done);
}

async function insist(
  host: Redelivering,
  stanza: Stanza,
  attempt: { refused: boolean },
  done: void | Promise<void>,
): Promise<void> {
  await done;
  const end = host.clock.now() + GIVE_UP;
  for (let pause = FIRST_PAUSE; attempt.refused; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    await new Promise<void>((resolve) => host.clock.setTimeout(resolve, pause));
    attempt.refused = false;
    if (host.clock.now() > end) return await host.refuse(stanza, "service-unavailable", "it could not be kept");
    await host.redeliver(stanza);
  }
}
