// The door of a virtual host for stanzas addressed to it or to its accounts, wherever they come from.
import type { Jid } from "../../xmpp/jid/jid.ts";
import { noteArrival } from "../../xmpp/stanza/arrival.ts";
import { messageType } from "../../xmpp/stanza/message.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import { logFailure } from "../observe/failure.ts";
import { failureOf } from "../ports/failure.ts";
import type { DeliveryHost } from "../ports/host.ts";
import { acceptHostIq } from "./iq.ts";
import { deliverToAccount } from "./to-account.ts";

/** Takes a stanza whose `to` has the host's domain. */
export function acceptStanza(host: DeliveryHost, stanza: Stanza): void | Promise<void> {
  return contained(host, stanza, deliver);
}

/** What a delivery needs so that its fault can be told. */
type Telling = Pick<DeliveryHost, "log" | "refuse">;

/**
 * Delivers a stanza in such a way that a fault ends this stanza and nothing else: neither the stream it came on, nor a
 * loop that has more to send. Nothing is made for a stanza that is delivered at once.
 */
export function contained<H extends Telling>(
  host: H,
  stanza: Stanza,
  delivery: (host: H, stanza: Stanza) => void | Promise<void>,
): void | Promise<void> {
  try {
    const delivered = delivery(host, stanza);
    return delivered === undefined ? undefined : onceDelivered(host, stanza, delivered);
  } catch (error) {
    return failed(host, stanza, error);
  }
}

function onceDelivered(host: Telling, stanza: Stanza, delivered: Promise<void>): Promise<void> {
  return delivered.catch((error: unknown) => failed(host, stanza, error));
}

function failed(host: Telling, stanza: Stanza, error: unknown): void | Promise<void> {
  logFailure(host.log, error, "a stanza could not be delivered", { kind: stanza.kind });
  const { condition, text } = failureOf(error);
  return host.refuse(stanza, condition, text);
}

function deliver(host: DeliveryHost, stanza: Stanza): void | Promise<void> {
  if (stanza.to?.local !== "") return acceptForAccount(host, stanza, stanza.to as Jid);
  if (stanza.kind === "iq") return host.changing === undefined ? acceptHostIq(host, stanza) : acceptLater(host, stanza);
  // A message to the host itself has no taker here, and whoever wrote it learns so. RFC 6120 §10.5.2. Presence is told
  // to nobody in particular, and a headline is for whoever happens to listen.
  if (stanza.kind === "message" && messageType(stanza) !== "headline")
    return host.refuse(stanza, "service-unavailable");
  stanza.safety?.became("dropped: RFC 6121 §8.1.2");
}

function acceptForAccount(host: DeliveryHost, stanza: Stanza, account: Jid): void | Promise<void> {
  // What is older comes first.
  return host.registry.estates.isAhead(account, stanza)
    ? inItsTurn(host, stanza, account)
    : deliverToAccount(host, stanza);
}

/**
 * Its sender sends on meanwhile, also to others: it is not acknowledged to him before it was delivered. Where too much
 * waits a message goes back, as from any other queue that is full; what is none goes past.
 */
function inItsTurn(host: DeliveryHost, stanza: Stanza, account: Jid): void | Promise<void> {
  const safety = stanza.safety?.hold();
  noteArrival(stanza, host.clock.now());
  const waits = host.registry.estates.anew(account, stanza, async () => {
    await contained(host, stanza, deliverToAccount);
    safety?.release("passed on");
  });
  if (waits) return;
  safety?.release("passed on");
  if (stanza.kind !== "message") return deliverToAccount(host, stanza);
  return host.refuse(stanza, "resource-constraint", "too much waits for the account; try again");
}

async function acceptLater(host: DeliveryHost, stanza: Stanza): Promise<void> {
  await host.changing?.catch(() => {});
  return acceptHostIq(host, stanza);
}
