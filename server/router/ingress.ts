// The door for stanzas from clients: checked, stamped with `from`, and sent through the sender's stages.
import type { C2sSession } from "../c2s/session.ts";
import { Jid } from "../jid/jid.ts";
import { errorReply, mayAnswerWithError, type StanzaErrorCondition } from "../stanza/error.ts";
import { iqFault } from "../stanza/iq.ts";
import { Stanza } from "../stanza/stanza.ts";
import type { RawElement } from "../xml/raw-element.ts";

/**
 * Takes an element in the client namespace from a bound session. A promise holds the stream, which keeps order; with
 * stream management the stanza counts as handled only once it is safe, that is when the promise settles.
 */
export function acceptFromClient(session: C2sSession, raw: RawElement, lang: string | undefined): void | Promise<void> {
  const done = accept(session, raw, lang);
  if (session.sm === undefined) return done;
  if (done === undefined) return session.sm.count();
  const { sm } = session;
  const working = done
    .then(() => sm.count())
    .finally(() => {
      if (sm.working === working) sm.working = undefined;
    });
  sm.working = working;
  return working;
}

function accept(session: C2sSession, raw: RawElement, lang: string | undefined): void | Promise<void> {
  const kind = raw.name;
  if (kind !== "message" && kind !== "presence" && kind !== "iq")
    return session.connection?.stream.fail("unsupported-stanza-type");
  if (!ownAddress(session, raw.attr("from")))
    return session.connection?.stream.fail("invalid-from", "the `from` is not this session's");
  const toText = raw.attr("to");
  const to = toText === undefined ? undefined : Jid.tryParse(toText);
  if (toText !== undefined && to === undefined)
    return refuse(session, Stanza.fromRaw(raw, session.jid, undefined), "jid-malformed");
  const stanza = Stanza.fromRaw(raw, session.jid, to ?? (kind === "presence" ? undefined : session.account), lang);
  if (kind === "iq") {
    const fault = iqFault(raw);
    if (fault !== undefined) return refuse(session, stanza, "bad-request", fault);
  }
  return send(session, stanza);
}

/** RFC 6120 §8.1.2.1: absent, or the full or bare JID of the session. */
function ownAddress(session: C2sSession, from: string | undefined): boolean {
  if (from === undefined || from === session.jid.full || from === session.account.full) return true;
  const jid = Jid.tryParse(from);
  return jid !== undefined && (jid.full === session.jid.full || jid.full === session.account.full);
}

function send(session: C2sSession, stanza: Stanza): void | Promise<void> {
  const { host } = session;
  const pipeline = host.pipelines["account.sending"];
  if (pipeline.idle(stanza.kind)) return route(session, stanza);
  const outcome = pipeline.run(stanza, { session });
  if (outcome instanceof Promise)
    return outcome.then((settled) => host.proceed(settled, stanza, (next) => route(session, next)));
  return host.proceed(outcome, stanza, (next) => route(session, next));
}

function route(session: C2sSession, stanza: Stanza): void | Promise<void> {
  // Presence without an address was a broadcast, and whoever broadcasts has handled it.
  if (stanza.to === undefined) return;
  return session.host.route(stanza);
}

function refuse(session: C2sSession, stanza: Stanza, condition: StanzaErrorCondition, text?: string): void {
  if (!mayAnswerWithError(stanza)) return;
  const sender = stanza.to ?? session.account;
  session.deliver(errorReply(stanza, condition, { text }).withAddresses(sender, session.jid));
}
