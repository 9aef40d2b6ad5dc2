// A message of which nobody knows whether the store has it: nobody is told anything until that is decided. XEP-0160.

import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { tryAgain } from "../../../xmpp/try-again.ts";
import type { ModuleHost } from "../../module/define.ts";
import { isStoreAway } from "../../ports/failure.ts";

/** What a sender is told where an account has no room. */
export const FULL = "the offline store of this account is full";

/** ms between two questions, and after which the sender is told that it could not be kept, though it may have been. */
const PAUSES = { first: 250, longest: 5_000, within: 300_000 };

/** True for the failure of a store that may have done what it was asked for. */
export function isUndecided(error: unknown): boolean {
  return isStoreAway(error) && error.undecided;
}

/**
 * Asks until the store answers: given back at once, a message that was stored all the same would be there as well, and
 * again once its sender has sent it anew. Meanwhile it is not acknowledged. `add` stores it unless it is there.
 */
export async function decide(
  host: ModuleHost,
  stanza: Stanza,
  add: () => Promise<boolean>,
  stored: () => void,
): Promise<void> {
  const safety = stanza.safety?.hold();
  try {
    const hasRoom = await insist(host, add);
    if (!hasRoom)
      return await host.refuse(stanza, "service-unavailable", hasRoom === false ? FULL : "it could not be kept");
    safety?.became("stored");
    stored();
  } finally {
    safety?.release("passed on");
  }
}

/** What `add` answers; undefined where nothing came in time. */
async function insist({ lastingClock: clock }: ModuleHost, add: () => Promise<boolean>): Promise<boolean | undefined> {
  let answer: boolean | undefined;
  await tryAgain({ clock, ...PAUSES }, async () => {
    try {
      answer = await add();
      return true;
    } catch (error) {
      if (!isStoreAway(error)) throw error;
      return false;
    }
  });
  return answer;
}
