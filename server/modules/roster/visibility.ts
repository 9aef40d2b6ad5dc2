// Who is kept from an account's presence whatever the roster says: asked before the server sends any by itself.
import type { Jid } from "../../../xmpp/jid/jid.ts";

/** True where the account and the contact are to know nothing of each other. At once, where that is known. */
export type Hides = (local: string, contact: Jid) => boolean | Promise<boolean>;

/**
 * What modules say against showing an account to a contact. Stanzas of a client pass the stages of `account.sending`;
 * presence that the server makes on its behalf does not, and asks here.
 */
export class Visibility {
  private readonly reasons: Hides[] = [];

  /** Adds a reason not to show an account, such as a block list. */
  hide(hides: Hides): void {
    this.reasons.push(hides);
  }

  /** True where nothing speaks against showing the account to the contact. @throws StoreUnavailable */
  maySee(local: string, contact: Jid): boolean | Promise<boolean> {
    for (let i = 0; i < this.reasons.length; i += 1) {
      const hidden = (this.reasons[i] as Hides)(local, contact);
      if (hidden instanceof Promise) return this.rest(hidden, i + 1, local, contact);
      if (hidden) return false;
    }
    return true;
  }

  private async rest(hidden: Promise<boolean>, next: number, local: string, contact: Jid): Promise<boolean> {
    if (await hidden) return false;
    for (const hides of this.reasons.slice(next)) if (await hides(local, contact)) return false;
    return true;
  }
}
