// Who is kept from an account's presence whatever the roster says: asked before the server sends any by itself.
import type { Jid } from "../../../xmpp/jid/jid.ts";

/** True where the account and the contact are to know nothing of each other. At once, where that is known. */
export type Hides = (local: string, contact: Jid) => boolean | Promise<boolean>;

/**
 * What modules say against showing an account to a contact. Stanzas of a client pass the stages of `account.sending`;
 * presence that the server makes on its behalf does not, and asks here.
 */
export class Visibility {
  /** Another list with each change, since a question may be under way. */
  private reasons: readonly Hides[] = [];

  /** Adds a reason not to show an account, such as a block list; the answer takes it out again. */
  hide(hides: Hides): () => void {
    this.reasons = [...this.reasons, hides];
    return () => {
      this.reasons = this.reasons.filter((other) => other !== hides);
    };
  }

  /** True where nothing speaks against showing the account to the contact. @throws StoreUnavailable */
  maySee(local: string, contact: Jid): boolean | Promise<boolean> {
    const { reasons } = this;
    for (let i = 0; i < reasons.length; i += 1) {
      const hidden = (reasons[i] as Hides)(local, contact);
      if (hidden instanceof Promise) return hiddenByNone(hidden, reasons.slice(i + 1), local, contact);
      if (hidden) return false;
    }
    return true;
  }
}

async function hiddenByNone(
  first: Promise<boolean>,
  rest: readonly Hides[],
  local: string,
  contact: Jid,
): Promise<boolean> {
  if (await first) return false;
  for (const hides of rest) if (await hides(local, contact)) return false;
  return true;
}
