// The door for stanzas from clients: checked, stamped with `from`, and sent through the sender's stages.

import { ADDED, FROM_CLIENTS } from "../../xmpp/bounds.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import type { Handled } from "../../xmpp/management/handled.ts";
import { errorReply, mayAnswerWithError, type StanzaErrorCondition } from "../../xmpp/stanza/error.ts";
import { faultOf, overBound } from "../../xmpp/stanza/fault.ts";
import { follow, type Safety } from "../../xmpp/stanza/safety.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { XmppStream } from "../../xmpp/stream/stream.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { DeliveryHost } from "../ports/host.ts";
import type { OwnSession } from "../ports/session.ts";
import type { Outcome } from "../ports/stages.ts";
import { proceed } from "./proceed.ts";
import { goesOn } from "./stages.ts";
import { givesBack } from "./waiting-errors.ts";

/** A bound session of this node, as far as it sends. */
export interface SendingSession extends OwnSession {
  readonly host: DeliveryHost;
  /** Stream management, once enabled: counts what is handled. */
  readonly sm: { readonly handled: Handled } | undefined;
  /** The connection that carries it; undefined while none does. */
  readonly connection:
    | {
        readonly stream: Pick<XmppStream, "fail">;
        readonly context: { readonly limits: { readonly stanzaBytes: number } };
      }
    | undefined;
}

/**
 * Takes an element in the client namespace from a bound session. A promise holds the stream, which keeps order. With
 * stream management the stanza counts as handled only once it is safe: stored, or acknowledged by who it was for.
 */
export function acceptFromClient(
  session: SendingSession,
  raw: RawElement,
  lang: string | undefined,
): void | Promise<void> {
  const { sm } = session;
  if (sm === undefined) return accept(session, raw, lang, undefined);
  // To read no further would leave unread what it acknowledges, which others of its stanzas may wait for.
  if (sm.handled.full) return session.end("resource-constraint", "too much was sent that is not safe yet");
  return sm.handled.accept(raw, (safety) => accept(session, raw, lang, safety));
}

function accept(
  session: SendingSession,
  raw: RawElement,
  lang: string | undefined,
  safety: Safety | undefined,
): void | Promise<void> {
  const kind = raw.name;
  if (kind !== "message" && kind !== "presence" && kind !== "iq")
    return endStream(session, safety, "unsupported-stanza-type");
  if (!ownAddress(session, raw.attr("from")))
    return endStream(session, safety, "invalid-from", "the `from` is not this session's");
  const toText = raw.attr("to");
  const to = toText === undefined ? undefined : Jid.tryParse(toText);
  const receiver = to ?? (kind === "presence" ? undefined : session.account);
  const stanza = Stanza.fromRaw(raw, session.jid, receiver, lang, mostWritten(session));
  if (safety !== undefined) follow(stanza, safety);
  if (toText !== undefined && to === undefined) return refuse(session, stanza, "jid-malformed");
  const fault = stanza.flaw === undefined ? faultOf(raw) : overBound(stanza.flaw);
  if (fault !== undefined) return refuse(session, stanza, fault.condition, fault.text);
  return send(session, stanza);
}

/** What ends its stream goes no further. RFC 6120 §4.9.3. */
function endStream(
  { connection }: SendingSession,
  safety: Safety | undefined,
  condition: "unsupported-stanza-type" | "invalid-from",
  text?: string,
): void {
  safety?.became("dropped: RFC 6120 §4.9.3");
  connection?.stream.fail(condition, text);
}

/** Bytes of a client's stanza as it goes on: what is accepted can be delivered. */
function mostWritten({ connection }: SendingSession): number {
  return (connection?.context.limits.stanzaBytes ?? FROM_CLIENTS.bytes) + ADDED.bytes;
}

/** RFC 6120 §8.1.2.1: absent, or the full or bare JID of the session. */
function ownAddress(session: SendingSession, from: string | undefined): boolean {
  if (from === undefined || from === session.jid.full || from === session.account.full) return true;
  const jid = Jid.tryParse(from);
  return jid !== undefined && (jid.full === session.jid.full || jid.full === session.account.full);
}

function send(session: SendingSession, stanza: Stanza): void | Promise<void> {
  const { host } = session;
  const pipeline = host.pipelines["account.sending"];
  if (pipeline.idle(stanza.kind)) return route(session, stanza);
  const outcome = pipeline.run(stanza, { session });
  return goesOn(outcome) ? route(session, outcome.stanza) : goOn(session, stanza, outcome);
}

/** Apart from `send`: a function that is handed on costs whoever makes it, and most stanzas need none. */
function goOn(session: SendingSession, stanza: Stanza, outcome: Outcome | Promise<Outcome>): void | Promise<void> {
  return proceed(session.host, outcome, stanza, (next) => route(session, next));
}

function route(session: SendingSession, stanza: Stanza): void | Promise<void> {
  // Presence without an address was a broadcast, and whoever broadcasts has handled it.
  if (stanza.to === undefined) return;
  return session.host.route(stanza);
}

function refuse(session: SendingSession, stanza: Stanza, condition: StanzaErrorCondition, text?: string): void {
  if (!mayAnswerWithError(stanza)) return stanza.safety?.became("dropped: RFC 6120 §8.3.1");
  const reply = errorReply(stanza, condition, { text }).withAddresses(stanza.to ?? session.account, session.jid);
  givesBack(reply, stanza.safety);
  session.deliver(reply);
}
