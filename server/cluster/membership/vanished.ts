// Tells that a member's process is gone before its lease does: nobody listens where it did, nor to what is sent to it.

import type { Logger } from "pino";
import { type Clock, pause } from "../../../xmpp/clock.ts";

/** ms between two looks: a process that is there, and was busy, answers the second. */
const BETWEEN = 300;
/** Looks in a row that must say the same, and looks in all: on a busy machine one witness may see the end late. */
const IN_A_ROW = 2;
const LOOKS = 10;

/** Who is asked. */
export interface Witnesses {
  /** True where the member's machine answers, and refuses connections at its port. @throws where that is unknown */
  refuses(member: string): Promise<boolean>;
  /** Redis: how many listen to what is sent to the member there. @throws where it does not answer */
  listeners(member: string): Promise<number>;
  /** True where the connection to it is there again. */
  isBack(member: string): boolean;
}

/**
 * True where both say at two looks in a row that the process is gone. The kernel of its machine and Redis see the end of a process at
 * once, and neither can be wrong about one that only stands still, is slow, or has lost one of its two ways: then a
 * connection is taken or times out, or its subscription is there.
 */
export async function isVanished(member: string, witnesses: Witnesses, clock: Clock): Promise<boolean> {
  let inARow = 0;
  for (let look = 0; look < LOOKS && !witnesses.isBack(member); look++) {
    if (look > 0) await pause(clock, BETWEEN);
    inARow = (await saysGone(member, witnesses)) ? inARow + 1 : 0;
    if (inARow === IN_A_ROW) return true;
  }
  return false;
}

/** What is not known is no end. */
async function saysGone(member: string, { refuses, listeners }: Witnesses): Promise<boolean> {
  try {
    return (await refuses(member)) && (await listeners(member)) === 0;
  } catch {
    return false;
  }
}

/** What takes part in a burial before the lease is over. */
export interface Burial {
  readonly bus: { readonly others: readonly string[]; listeners(member: string): Promise<number> };
  readonly links: { refuses(member: string): Promise<boolean>; isUp(member: string): boolean };
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
  const witnesses: Witnesses = {
    refuses: (one) => links.refuses(one),
    listeners: (one) => bus.listeners(one),
    isBack: (one) => !lives() || links.isUp(one),
  };
  if (!(await isVanished(member, witnesses, clock))) return;
  if (!lives() || membership.overdue) return;
  try {
    await membership.vanished(member);
  } catch (error) {
    // Its lease runs out as well.
    log.warn({ reason: (error as Error).message, member }, "a node's end could not be told");
  }
}
