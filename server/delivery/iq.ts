// Finds the one owner of an IQ request and sends back what it says. RFC 6120 §8.2.3, RFC 6121 §8.5.
import type { Element } from "ltx";
import type { Jid } from "../../xmpp/jid/jid.ts";
import { type IqPayload, iqResult } from "../../xmpp/stanza/iq.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import { failureOf } from "../ports/failure.ts";
import type { DeliveryHost } from "../ports/host.ts";
import type { IqHandler, IqOwner, IqOwners, IqRequest, IqTarget, OwnedPayload, OwnTarget } from "../ports/iq.ts";
import { own } from "../ports/session.ts";
import { atCostOf } from "./cost.ts";

/** Handlers by target, type, namespace and name. */
export class IqHandlers implements IqOwners {
  private readonly owners = new Map<string, IqOwner>();

  /** Adds the owner of a payload; the answer takes it out again. @throws Error where the payload has an owner already */
  add({ target, type, xmlns, name, audience = "owner" }: OwnedPayload, handler: IqHandler): () => void {
    const key = `${target} ${type} ${xmlns} ${name}`;
    if (this.owners.has(key)) throw new Error(`IQ ${key} has an owner already`);
    this.owners.set(key, { handler, audience });
    return () => void this.owners.delete(key);
  }

  /** Every payload that has an owner: its target, type, namespace and name, with spaces between. */
  get names(): readonly string[] {
    return [...this.owners.keys()];
  }

  /** What a target answers to: type, namespace and name of each payload. */
  *payloads(target: IqTarget): Generator<readonly [type: string, xmlns: string, name: string]> {
    for (const key of this.owners.keys()) {
      const [of, type = "", xmlns = "", name = ""] = key.split(" ");
      if (of === target) yield [type, xmlns, name];
    }
  }

  find(target: IqTarget, stanza: Stanza): IqOwner | undefined {
    const child = stanza.children[0];
    return child === undefined ? undefined : this.owners.get(`${target} ${stanza.type} ${child.xmlns} ${child.name}`);
  }
}

/** What an entity has that is asked itself: a host, or a domain of a module's own. */
export type AskedHost = Pick<
  DeliveryHost,
  "domain" | "sessions" | "iqHandlers" | "requests" | "clock" | "log" | "route" | "refuse"
>;

/** Takes an IQ for the host's own JID, or for that of a domain of a module's own. */
export function acceptHostIq(
  host: AskedHost,
  stanza: Stanza,
  target: "host" | OwnTarget = "host",
): void | Promise<void> {
  if (stanza.type !== "get" && stanza.type !== "set") return host.requests.answered(stanza);
  const owner = (stanza.to as Jid).isBare ? host.iqHandlers.find(target, stanza) : undefined;
  if (owner === undefined) return host.refuse(stanza, "service-unavailable");
  return answerIq(host, owner.handler, stanza);
}

/** Takes an IQ for an account, bare or full. */
export function acceptAccountIq(host: DeliveryHost, stanza: Stanza): void | Promise<void> {
  const to = stanza.to as Jid;
  const request = stanza.type === "get" || stanza.type === "set";
  if (!to.isBare) {
    const session = host.sessions.find(to);
    if (session !== undefined) session.deliver(stanza);
    else if (request) host.refuse(stanza, "service-unavailable");
    return;
  }
  if (!request) return host.requests.answered(stanza);
  const owner = host.iqHandlers.find("account", stanza);
  if (owner === undefined) return host.refuse(stanza, "service-unavailable");
  // Who may ask is decided before anybody looks whether there is such an account: a stranger is told the same in both
  // cases, which can only be what RFC 6121 §8.5.1 says of one that does not exist; and what answers to anyone answers for
  // nobody as for one who keeps nothing. XEP-0030 §8, XEP-0054 §3.3.
  if (stanza.from?.bare !== to.bare && owner.audience === "owner") return host.refuse(stanza, "service-unavailable");
  return answerIq(host, owner.handler, stanza);
}

/** Answers a request with what its handler says. */
export function answerIq(host: AskedHost, handler: IqHandler, stanza: Stanza): void | Promise<void> {
  const from = stanza.from as Jid;
  const request: IqRequest = {
    stanza,
    from,
    to: stanza.to as Jid,
    payload: stanza.element().getChildElements()[0] as Element,
    session: from.domain === host.domain ? own(host.sessions.find(from)) : undefined,
  };
  const reply = (payload: IqPayload) => host.route(iqResult(stanza, payload));
  // What comes after a promise is in nobody's turn, and a roster or a list takes milliseconds to write.
  const replyLater = (payload: IqPayload) => atCostOf(request.session, host.clock, () => reply(payload));
  const failed = (error: unknown) => refuse(host, stanza, error);
  try {
    const result = handler(request);
    return result instanceof Promise ? result.then(replyLater, failed) : reply(result);
  } catch (error) {
    return failed(error);
  }
}

function refuse(host: AskedHost, stanza: Stanza, error: unknown): void | Promise<void> {
  const { condition, text, application } = failureOf(error);
  if (condition === "internal-server-error")
    host.log.error({ err: error, payload: stanza.children[0] }, "IQ handler failed");
  return host.refuse(stanza, condition, { text, application });
}
