// What the texts of a held message may be.
import { checkAccount, checkText, TEXT_BYTES } from "../storage/backend/text.ts";
import type { HeldMessage } from "./port.ts";

/** Bytes of a member's name. */
export const MEMBER_BYTES = 320;

/** Checks a member's name and a message held by it. @throws UnstorableText */
export function checkHeld(member: string, message?: HeldMessage): void {
  checkText(member, "member's name", MEMBER_BYTES);
  if (message === undefined) return;
  checkAccount(message.domain, message.local);
  checkText(message.text, "message", TEXT_BYTES);
}
