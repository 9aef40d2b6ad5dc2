// Ids in the order of time that no two processes give: the clock with a count, and what tells the process from others.
import { randomBytes } from "node:crypto";
import type { OrderedIds } from "../ports/ids.ts";
import { Ascending } from "./ascending.ts";

/** Digits (base 36) of every number that is exact: 36^11 is more than 2^53. */
const DIGITS = 11;

/** Bytes that tell one start of a process from every other that makes an id with the same number. */
const OWN_BYTES = 6;

const ID = new RegExp(`^[0-9a-z]{${DIGITS}}[0-9a-f]{${2 * OWN_BYTES}}$`);

/** Ids of one process, for one kind of things or for many. `now` gives ms since the epoch. */
export function orderedIds(now: () => number, own = randomBytes(OWN_BYTES).toString("hex")): OrderedIds {
  const numbers = new Ascending(now, { step: 1, own: 0 });
  return {
    next: () => numbers.next().toString(36).padStart(DIGITS, "0") + own,
    seen(id) {
      const number = Number.parseInt(id.slice(0, DIGITS), 36);
      if (!ID.test(id) || !Number.isSafeInteger(number)) throw new TypeError("no id that a node made");
      numbers.seen(number);
    },
  };
}
