// What the texts of a roster item may be.
import { checkText, PART_BYTES, TEXT_BYTES } from "../../storage/backend/text.ts";
import type { RosterItem } from "./port.ts";

/** Bytes of a bare JID: two parts and the `@`. */
export const BARE_JID_BYTES = 2 * PART_BYTES + 1;

/** Checks every text of a roster item. @throws UnstorableText */
export function checkRosterItem(item: RosterItem): void {
  checkText(item.jid, "roster item's JID", BARE_JID_BYTES);
  checkText(item.name, "roster item's name", TEXT_BYTES);
  for (const group of item.groups) checkText(group, "roster item's group", TEXT_BYTES);
  if (item.pendingIn !== undefined) checkText(item.pendingIn, "subscription request", TEXT_BYTES);
}
