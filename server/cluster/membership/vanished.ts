// Tells that a member's process is gone before its lease does: nobody listens where it did, nor to what is sent to it.

import type { Logger } from "pino";
import { type Clock, pause } from "../../../xmpp/clock.ts";

/** ms between two looks: a process that is there, and was busy, answers the second. */
const BETWEEN = 300;
const LOOKS = 2;

/** Who is asked. */
export interface Witnesses {
  /** True where the member's machine answers, and refuses connections at its port. @throws where that is unknown */
  refuses(member: string): Promise<boolean>;
  /** Redis: how many listen to what is sent to the member there. @throws where it does not answer */
  listeners(member: string): Promise<number>;
}

/**
 * True where both say at each look that the process is gone. The kernel of its machine and Redis see the end of a process at
 * once, and neither can be wrong about one that only stands still, is slow, or has lost one of its two ways: then a
 * connection is taken or times out, or its subscription is there.
 */
export async function isVanished(member: string, { refuses, listeners }: Witnesses, clock: Clock): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await pause(clock, BETWEEN);
    try {
      if (!(await refuses(member)) || (await listeners(member)) > 0) return false;
    } catch {
      return false;
    }
  }
  return true;
}

/** What takes part in a burial before the lease is over. */
export interface Burial {
  readonly bus: { readonly others: readonly string[]; listeners(member: string): Promise<number> };
  readonly links: { refuses(member: string): Promise<boolean> };
  readonly membership: { readonly overdue: boolean; vanished(member: string): Promise<void> };
}

/** What looking rests on. */
export interface Looking {
  readonly clock: Clock;
  readonly log: Logger;
}

/** A connection to a member broke: where its process is gone nobody waits for its lease. */
export async function buryVanished(
  member: string,
  { bus, links, membership }: Burial,
  { clock, log }: Looking,
): Promise<void> {
  const lives = () => bus.others.includes(member);
  const refuses = (one: string) => links.refuses(one);
  if (!lives() || !(await isVanished(member, { refuses, listeners: (one) => bus.listeners(one) }, clock))) return;
  if (!lives() || membership.overdue) return;
  try {
    await membership.vanished(member);
  } catch (error) {
    // Its lease runs out as well.
    log.warn({ reason: (error as Error).message, member }, "a node's end could not be told");
  }
}
