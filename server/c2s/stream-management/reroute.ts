// Where stanzas go that a session or a node held and could not deliver. XEP-0198 §6, XEP-0160.
import { redeliverInsistently } from "../../host/insistent.ts";
import type { VirtualHost } from "../../host/virtual-host.ts";
import { inBackground } from "../../router/background.ts";
import { mayAnswerWithError } from "../../stanza/error.ts";
import { messageType } from "../../stanza/message.ts";
import { Safety } from "../../stanza/safety.ts";
import { NoteKey, type Stanza } from "../../stanza/stanza.ts";

const NS_CARBONS = "urn:xmpp:carbons:2";

/** Notes of a stanza that its store still has: it is told, and the stanza goes nowhere. */
export const storedKey = new NoteKey<{ left: boolean }>("stored elsewhere");

/** Reroutes a stanza that nobody waits for but its safety, which is let go of afterwards. */
export function rerouteInBackground(host: VirtualHost, stanza: Stanza, safety: Safety | undefined): void {
  const done = reroute(host, stanza);
  if (done === undefined) return safety?.release();
  inBackground(
    done.then(() => safety?.release()),
    host.log,
  );
}

/** Reroutes a stanza; resolves once whoever took it answers for it. */
export async function rerouteSafely(host: VirtualHost, stanza: Stanza): Promise<void> {
  // Others may hold the same stanza for their own clients: this is about this one's way alone.
  const own = stanza.withAddresses(stanza.from, stanza.to);
  await new Promise<void>((resolve, reject) => {
    const safety = new Safety(() => resolve());
    own.safety = safety;
    Promise.resolve(reroute(host, own)).then(() => safety.release(), reject);
  });
}

/**
 * Messages go to another resource or the offline store, requests are answered with an error, presence and answers are
 * dropped: the session they told something is gone.
 */
export function reroute(host: VirtualHost, stanza: Stanza): void | Promise<void> {
  const stored = stanza.note(storedKey);
  if (stored !== undefined) {
    stored.left = true;
    return;
  }
  if (stanza.kind === "message") {
    if (stanza.from === undefined || stanza.to === undefined || messageType(stanza) === "error") return;
    // A copy told one device what another had: the message itself has its own way. XEP-0280.
    if (stanza.from.full === stanza.to.bare && stanza.has(NS_CARBONS)) return;
    return redeliverInsistently(host, stanza.withAddresses(stanza.from, stanza.to.toBare()));
  }
  if (stanza.kind === "iq" && mayAnswerWithError(stanza)) return host.refuse(stanza, "recipient-unavailable");
}
