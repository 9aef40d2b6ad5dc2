// Delivers a stanza to an account of ours: its sessions, its offline store, or back. RFC 6121 §8.5.

import type { Jid } from "../../xmpp/jid/jid.ts";
import { isForSessionAlone, messageType } from "../../xmpp/stanza/message.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import { logFailure } from "../observe/failure.ts";
import type { DeliveryHost } from "../ports/host.ts";
import type { ClientSession } from "../ports/session.ts";
import type { Outcome } from "../ports/stages.ts";
import { acceptAccountIq } from "./iq.ts";
import { proceed } from "./proceed.ts";
import { MESSAGE_RULES } from "./rules.ts";
import { goesOn } from "./stages.ts";
import { takersKey } from "./takers.ts";

/** Takes a stanza for `local@domain`, bare or full, whose turn it is. */
export function deliverToAccount(host: DeliveryHost, stanza: Stanza): void | Promise<void> {
  const pipeline = host.pipelines["account.delivering"];
  if (pipeline.idle(stanza.kind)) return deliverPastStages(host, stanza);
  const outcome = pipeline.run(stanza, { account: (stanza.to as Jid).toBare() });
  return goesOn(outcome) ? deliverPastStages(host, outcome.stanza) : goOn(host, stanza, outcome);
}

function goOn(host: DeliveryHost, stanza: Stanza, outcome: Outcome | Promise<Outcome>): void | Promise<void> {
  return proceed(host, outcome, stanza, (next) => deliverPastStages(host, next));
}

/** Takes a stanza behind the stages of the receiving side. */
export function deliverPastStages(host: DeliveryHost, stanza: Stanza): void | Promise<void> {
  switch (stanza.kind) {
    case "message":
      return deliverMessage(host, stanza);
    case "presence":
      return deliverPresence(host, stanza);
    case "iq":
      return acceptAccountIq(host, stanza);
  }
}

/**
 * Takes a message behind the stages of the receiving side. `promised`: to a full JID whose session took it and is over;
 * where no other has that JID, what is for the user goes the way of one to the bare JID.
 */
export function deliverMessage(host: DeliveryHost, stanza: Stanza, promised = false): void | Promise<void> {
  const to = stanza.to as Jid;
  if (!to.isBare) {
    const session = host.sessions.find(to);
    if (session !== undefined) return deliverAll(host, [session], stanza);
    if (isForSessionAlone(stanza)) return host.refuse(stanza, "service-unavailable");
  }
  const takers = host.sessions.of(to.local).filter((session) => session.presence && session.priority >= 0);
  const situation =
    `${to.isBare || promised ? "bare" : "full unmatched"}, ${takers.length > 0 ? "some" : "none"}` as const;
  switch (MESSAGE_RULES[situation][messageType(stanza)]) {
    case "most available":
      return deliverAll(host, mostAvailable(takers), stanza);
    case "all":
      return deliverAll(host, takers, stanza);
    case "offline":
      return keep(host, stanza);
    case "error":
      return host.refuse(stanza, "service-unavailable");
    case "ignore":
      return stanza.safety?.became("dropped: RFC 6121 §8.5.4");
  }
}

function mostAvailable(takers: readonly ClientSession[]): readonly ClientSession[] {
  if (takers.length === 1) return takers;
  const highest = Math.max(...takers.map((session) => session.priority));
  return takers.filter((session) => session.priority === highest);
}

function deliverAll(host: DeliveryHost, takers: readonly ClientSession[], stanza: Stanza): void | Promise<void> {
  let behind: Promise<void> | undefined;
  let fault: { readonly error: unknown } | undefined;
  let taken = 0;
  if (takers.length > 1)
    stanza.setNote(
      takersKey,
      takers.map(({ jid }) => jid.full),
    );
  for (const session of takers) {
    try {
      session.deliver(stanza);
      taken++;
    } catch (error) {
      // The account's other devices get it all the same.
      fault = { error };
      logFailure(host.log, error, "a session could not take a stanza", { jid: session.jid.full });
    }
    behind = session.backPressure ?? behind;
  }
  if (fault !== undefined && taken === 0) throw fault.error;
  host.delivered(stanza, (stanza.to as Jid).local, takers);
  // Too much is on its way to a node, or to the store: the sender is read no further for a while.
  return behind;
}

/**
 * Offers a message without a taker to the stages that keep such. They are asked where there is no account as well: a
 * stranger learns nothing from what is returned and what is dropped. RFC 6121 §8.5.1.
 */
async function keep(host: DeliveryHost, stanza: Stanza): Promise<void> {
  const account = (stanza.to as Jid).toBare();
  let exists: boolean;
  try {
    exists = await host.accounts.exists(host.domain, account.local);
  } catch {
    return host.refuse(stanza, "resource-constraint", "the account store does not answer; try again");
  }
  const outcome = await host.pipelines["account.undelivered"].run(stanza, { account, exists });
  return proceed(host, outcome, stanza, (next) => host.refuse(next, "service-unavailable"));
}

/** Presence that no stage took: to a resource, or to every available one. RFC 6121 §8.5.2.1.2, §8.5.3.2.2. */
function deliverPresence(host: DeliveryHost, stanza: Stanza): void {
  const to = stanza.to as Jid;
  if (!to.isBare) host.sessions.find(to)?.deliver(stanza);
  else if (stanza.type === undefined || stanza.type === "unavailable")
    for (const session of host.sessions.available(to.local)) session.deliver(stanza);
}
