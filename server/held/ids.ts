// Ids of held messages, made by the node: known before the message is stored, and whatever becomes of that.

import { randomInt } from "node:crypto";
import { Ascending, OF_ONE_MS } from "../storage/ascending.ts";

/**
 * The ids that one process gives; they ascend, also over a restart. Their last three digits are the process's own: nodes
 * of an earlier schema remove by id alone, whoever holds it, and must not meet another's. `now` gives ms since the epoch;
 * `own` is from 0 to 999.
 */
export function heldIds(now: () => number, own: number = randomInt(OF_ONE_MS)): Ascending {
  return new Ascending(now, { step: OF_ONE_MS, own });
}
