// What a session or a node held and could not deliver goes elsewhere, and who holds it is told what became of it. XEP-0198 §6, XEP-0160.
import type { Jid } from "../../xmpp/jid/jid.ts";
import { arrivalOf, noteArrival } from "../../xmpp/stanza/arrival.ts";
import { withDelay } from "../../xmpp/stanza/delay.ts";
import { mayAnswerWithError } from "../../xmpp/stanza/error.ts";
import { isForSessionAlone, messageType } from "../../xmpp/stanza/message.ts";
import { type Fate, type PassedOn, Safety } from "../../xmpp/stanza/safety.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { logFailure } from "../observe/failure.ts";
import type { BusFailure, Estates } from "../ports/cluster.ts";
import type { DeadLetterBox } from "../ports/host.ts";
import type { ClientSession, Sessions } from "../ports/session.ts";
import { inBackground } from "./background.ts";
import { Promised, type PromiseHost } from "./promised.ts";
import { stillStoredKey } from "./still-stored.ts";
import { isForUser } from "./whose.ts";
import { isOver, NOT_WORTH_KEEPING } from "./worth-keeping.ts";

/** Another session of the account was given it, and answers for it. */
export const HAD: Fate = "dropped: RFC 6121 §8.5.2, another resource has it";

/** What of a host takes part. */
export interface RedeliveryHost extends PromiseHost {
  readonly domain: string;
  readonly sessions: Pick<Sessions, "find">;
}

/** Whose client did not take what goes elsewhere. */
export interface FormerTaker {
  /** Nothing goes back to it. */
  readonly session: ClientSession;
  /** True where another session of its account answers for the message, or has had it. */
  hadBesides(stanza: Stanza): boolean;
}

/** A stanza on its new way. */
export interface UnderWay {
  /** What became of it, once whoever took it answers for it. */
  readonly fate: Promise<Fate | PassedOn>;
}

/** What one holds of which nobody else knows. */
export interface HeldItems<Item extends { readonly stanza: Stanza; readonly lent: boolean }> {
  /** What goes elsewhere; `lent` is what another session was given, whose it is. */
  readonly items: readonly Item[];
  /** Undefined where a node had them for a session that is another node's. */
  readonly from?: FormerTaker;
  /** Told what became of each, once somebody else answers for it. */
  release(items: readonly Item[], fate: Fate | PassedOn): void;
}

/**
 * Messages go to another resource or the offline store, requests are answered with an error, presence and answers are
 * dropped: the session they told something is gone. A message keeps its address and says since when it waits; where
 * another session of the account has it already, or it is over by now, it goes nowhere.
 */
export function redeliver(host: RedeliveryHost, stanza: Stanza, from?: FormerTaker): void | Promise<void> {
  if (stanza.note(stillStoredKey)?.leave() === true) return stanza.safety?.became("stored");
  if (stanza.kind === "message") {
    // A copy told one device what another had: the message itself has its own way. XEP-0280.
    if (!isForUser(stanza)) return stanza.safety?.became("dropped: XEP-0280 §6");
    // RFC 6121 §8.5.3.2.1: a headline is for the resource it names.
    if (stanza.to?.isBare === false && messageType(stanza) === "headline")
      return stanza.safety?.became("dropped: RFC 6121 §8.5.3.2.1");
    // Not back to the session that held it. RFC 6121 §8.5.3.2.1, XEP-0045 §7.5.
    if (from !== undefined && isForSessionAlone(stanza) && comesBack(host, from.session, stanza))
      return host.refuse(stanza, "service-unavailable");
    if (from?.hadBesides(stanza) === true) return stanza.safety?.became(HAD);
    if (isOver(stanza)) return stanza.safety?.became(NOT_WORTH_KEEPING);
    const at = arrivalOf(stanza);
    const own = stanza.withAddresses(stanza.from, stanza.to);
    return new Promised(host, at === undefined ? own : withDelay(own, host.domain, at)).deliver();
  }
  stanza.safety?.became("no message");
  if (stanza.kind === "iq" && mayAnswerWithError(stanza)) return host.refuse(stanza, "recipient-unavailable");
}

/** True where a stanza to a full JID would come to the session that held it, or to none. */
function comesBack(host: RedeliveryHost, session: ClientSession, { to }: Stanza): boolean {
  const there = to === undefined ? undefined : host.sessions.find(to);
  return there === undefined || there === session;
}

/** As `redeliver`, for what nobody waits for but its safety, which is let go of afterwards. */
export function redeliverInBackground(host: RedeliveryHost, stanza: Stanza, safety: Safety | undefined): void {
  const done = passOn(host, stanza, safety);
  if (done !== undefined) inBackground(done, host.log);
}

/** As `redeliver`; its safety is let go of once it was given on. */
function passOn(host: RedeliveryHost, stanza: Stanza, safety: Safety | undefined): void | Promise<void> {
  const done = redeliver(host, stanza);
  if (done === undefined) return safety?.release("passed on");
  return done.then(() => safety?.release("passed on"));
}

/**
 * As `redeliver`; resolves once it was given on. Others may hold the same stanza for their own clients: what became of it
 * is told of this way alone.
 */
export async function giveOn(host: RedeliveryHost, stanza: Stanza, from?: FormerTaker): Promise<UnderWay> {
  const own = stanza.withAddresses(stanza.from, stanza.to);
  const { promise, resolve } = Promise.withResolvers<Fate | PassedOn>();
  const safety = new Safety(({ fate }) => resolve(fate));
  own.safety = safety;
  await redeliver(host, own, from);
  safety.release("passed on");
  return { fate: promise };
}

/** As `redeliver`; resolves once whoever took it answers for it, with what became of it. */
export async function redeliverSafely(
  host: RedeliveryHost,
  stanza: Stanza,
  from?: FormerTaker,
): Promise<Fate | PassedOn> {
  return (await giveOn(host, stanza, from)).fate;
}

/**
 * All that one holds goes elsewhere, but for what another session was given. What finds no other way stays as it is,
 * stored where it was, and its sender is not told that it is safe.
 */
export async function redeliverEach<Item extends { readonly stanza: Stanza; readonly lent: boolean }>(
  host: RedeliveryHost,
  { items, from, release }: HeldItems<Item>,
): Promise<void> {
  const going = items.map(async (item) => {
    if (!item.lent) release([item], await redeliverSafely(host, item.stanza, from));
  });
  for (const outcome of await Promise.allSettled(going))
    if (outcome.status === "rejected") logFailure(host.log, outcome.reason, "a stanza found no other way");
}

/** A session at a node that did not take its stanza. */
export interface Addressee {
  readonly account: Jid;
  readonly host: RedeliveryHost & { readonly registry: { readonly estates: Pick<Estates, "behind"> } };
}

/**
 * A stanza for a node that died before it took it, or that cannot take more: it goes elsewhere, behind what that node held
 * for the account, or its sender is told.
 */
export function undelivered(
  { host, account }: Addressee,
  stanza: Stanza,
  safety: Safety | undefined,
  reason: BusFailure,
): void {
  if (reason === "died" && stanza.kind !== "message") return redeliverInBackground(host, stanza, safety);
  if (reason === "died") return host.registry.estates.behind(account, () => passOn(host, stanza, safety));
  // Who waits for it waits from here on for its error to be taken.
  const text = "the node that holds the session is behind; try again";
  const told = host.refuse(stanza, "resource-constraint", text);
  if (told !== undefined) inBackground(told, host.log);
  safety?.release("passed on");
}

/** A stanza as a store kept it. */
export interface StoredText {
  /** Local part of the account that it is for. */
  readonly local: string;
  readonly text: string;
  /** When it arrived, ms since the epoch. */
  readonly at?: number;
}

/**
 * Reads a stanza back; undefined for what is none, which must neither be tried for ever nor keep what comes after it from
 * its account: it is a dead letter then. @throws StoreUnavailable
 */
export async function readBack(
  deadLetters: Pick<DeadLetterBox, "add">,
  { local, text, at }: StoredText,
): Promise<Stanza | undefined> {
  let stanza: Stanza;
  try {
    stanza = Stanza.fromText(text);
  } catch {
    await deadLetters.add(local, text, "it cannot be read back");
    return undefined;
  }
  if (at !== undefined) noteArrival(stanza, at);
  return stanza;
}
