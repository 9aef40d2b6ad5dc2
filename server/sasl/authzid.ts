// The authorization identity: nobody acts for another account here. RFC 6120 §6.3.8.
import { Jid } from "../../xmpp/jid/jid.ts";
import { prepareLocalpart } from "../../xmpp/jid/precis.ts";

/** True for none, and for the bare JID of the account itself. `local` is prepared. */
export function isOwnAuthzid(authzid: string, domain: string, local: string): boolean {
  return authzid === "" || Jid.tryParse(authzid)?.full === `${local}@${domain}`;
}

/** A user name as localpart, or undefined where no account can have it. */
export function usernameToLocal(username: string): string | undefined {
  try {
    return prepareLocalpart(username);
  } catch {
    return undefined;
  }
}
