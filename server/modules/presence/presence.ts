// Presence: broadcasts, probes, directed presence and subscriptions. RFC 6121 §3 and §4.
import { NoSettings } from "../../../contract/modules/index.ts";
import { LONGEST_ADDRESS } from "../../../xmpp/bounds.ts";
import type { Jid } from "../../../xmpp/jid/jid.ts";
import {
  isSubscriptionType,
  presencePriority,
  presence as unavailablePresence,
} from "../../../xmpp/stanza/presence.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { NS_PRE_APPROVAL } from "../../../xmpp/xml/namespaces.ts";
import { pass, reject, taken, type Verdict } from "../../delivery/verdict.ts";
import { defineModule, type ModuleHost } from "../../module/define.ts";
import { Persistent } from "../../persistent.ts";
import type { ClientSession, OwnSession } from "../../ports/session.ts";
import { hasTo, type Rosters, rostersApi } from "../roster/api.ts";
import { directedApi } from "./api.ts";
import { broadcastAvailable, broadcastUnavailable, endDirected } from "./broadcast.ts";
import { directedKey, forgetDeparted, forgetDirected, noteDirected } from "./directed.ts";
import { answerProbe, takeSubscription } from "./inbound.ts";
import { sendSubscription } from "./outbound.ts";
import type { PresenceParts } from "./parts.ts";

/** Characters of one presence: everybody who may see it is sent it, again and again, and cannot do without. */
const MAX_SIZE = 16_384;
/** The same as it comes: a broadcast is addressed to each of its receivers after it was measured. */
const MAX_ADDRESSED = MAX_SIZE + " to=''".length + LONGEST_ADDRESS;

/** The presence module. */
export const presence = defineModule({
  name: "presence",
  implements: ["RFC 6121 §3", "RFC 6121 §4"],
  needs: ["roster"],
  grants: ["accounts"],
  config: NoSettings,
  activate(host) {
    host.provide(directedApi, {
      of: (session) => session.get(directedKey) ?? new Set(),
      forget: forgetDirected,
    });
    const parts: PresenceParts = { host, rosters: host.use(rostersApi) };
    // Also once the module is over: contacts would see a ghost.
    const told = new Persistent({ clock: host.lastingClock, log: host.log }, "telling the end of a session");
    const leave: Leave = (session, last) =>
      told.run(
        session.jid.full,
        () => leaving(parts, session, last),
        () => gone(host, session),
      );
    host.stage("account.sending", "presence.send", { kinds: ["presence"] }, (stanza, { session }) =>
      send(parts, leave, session, stanza),
    );
    host.stage("account.delivering", "presence.take", { kinds: ["presence"] }, (stanza) => take(parts, stanza));
    host.on("session.ended", ({ session, last }) => leave(session, last));
    host.on("contact.departed", ({ contact }) => forgetDeparted(host, contact));
    host.streamFeature({
      name: "pre-approval",
      phase: "after authentication",
      advertise: () => `<sub xmlns='${NS_PRE_APPROVAL}'/>`,
    });
  },
});

/**
 * Tells the end of a session's presence. Contacts whose roster could not be asked for would see a ghost for good, so it
 * is tried again; this resolves after the first try.
 */
type Leave = (session: ClientSession, last: Stanza | undefined) => Promise<void>;

/** False where the resource is available again: its end is no news any more. */
function gone(host: ModuleHost, { jid }: ClientSession): boolean {
  return host.sessions.find(jid)?.presence === undefined;
}

const tooLarge = reject("not-acceptable", `presence has at most ${MAX_SIZE} characters`);

/** Presence a session of ours sends. */
function send(parts: PresenceParts, leave: Leave, session: OwnSession, stanza: Stanza): Verdict | Promise<Verdict> {
  const { type, to } = stanza;
  if (stanza.size > MAX_SIZE) return tooLarge;
  if (to === undefined) return broadcast(parts, leave, session, stanza);
  if (isSubscriptionType(type)) {
    if (to.bare === session.account.bare) return reject("not-allowed", "an account is not its own contact");
    return sendSubscription(parts, session.account, to.toBare(), stanza);
  }
  if (type === undefined || type === "unavailable") {
    if (to.bare === session.account.bare) return pass;
    return noteDirected(session, to, type === undefined)
      ? pass
      : reject("resource-constraint", "too many receivers of directed presence");
  }
  if (type === "probe") return probe(parts.rosters, session, to);
  // Errors may go where they are addressed.
  return type === "error" ? pass : reject("bad-request", "no such type of presence for clients");
}

/** Probes are servers' business (RFC 6121 §4.3): a client's goes where its server would send one, and else nowhere. */
async function probe(rosters: Rosters, session: ClientSession, to: Jid): Promise<Verdict> {
  const item = (await rosters.of(session.account.local)).items.get(to.bare);
  return to.bare === session.account.bare || (item !== undefined && hasTo(item)) ? pass : taken;
}

async function broadcast(parts: PresenceParts, leave: Leave, session: OwnSession, stanza: Stanza): Promise<Verdict> {
  if (stanza.type === undefined) {
    const priority = presencePriority(stanza);
    if (priority === undefined) return reject("bad-request", "a priority is a number from -128 to 127");
    return broadcastAvailable(parts, session, stanza, priority);
  }
  // A probe of nobody: RFC 6121 §4.3 leaves probes to servers.
  if (stanza.type === "probe") return taken;
  if (stanza.type !== "unavailable") return reject("bad-request", "presence of that type needs an address");
  const wasAvailable = session.presence !== undefined;
  session.presence = undefined;
  session.priority = 0;
  await leave(session, wasAvailable ? stanza : undefined);
  // It hears of its own end as well as the account's other resources do. RFC 6121 §4.5.2.
  if (wasAvailable) session.deliver(stanza.withAddresses(session.jid, session.account));
  return taken;
}

/** Ends what a session had told others: to subscribers where it was available, else to receivers of directed presence. */
async function leaving(parts: PresenceParts, session: ClientSession, last: Stanza | undefined): Promise<void> {
  const { host } = parts;
  if (last !== undefined) {
    await broadcastUnavailable(parts, session, last);
    host.emit("session.unavailable", { session });
  } else if (session.get(directedKey) !== undefined) {
    const unavailable = unavailablePresence(session.jid, session.account, "unavailable");
    await endDirected(parts, session, unavailable);
  }
}

/** Presence that reaches an account of ours. */
function take(parts: PresenceParts, stanza: Stanza): Verdict | Promise<Verdict> {
  const { type } = stanza;
  if (stanza.size > MAX_ADDRESSED) return tooLarge;
  if (isSubscriptionType(type)) return takeSubscription(parts, stanza).then(() => taken);
  if (type === "probe") return answerProbe(parts, stanza).then(() => taken);
  if (type === "error") return takeError(parts, stanza);
  if (type === undefined || type === "unavailable") return pass;
  return reject("bad-request", "no such type of presence");
}

/** An error that answers a request for a subscription is for all who watch the roster. RFC 6121 §3.1.2. */
async function takeError(parts: PresenceParts, stanza: Stanza): Promise<Verdict> {
  const { host, rosters } = parts;
  const { to, from } = stanza;
  if (to === undefined || from === undefined || !to.isBare) return pass;
  const item = (await rosters.of(to.local)).items.get(from.bare);
  if (item?.ask === true)
    for (const session of host.sessions.of(to.local))
      if (session.presence !== undefined || session.interested) session.deliver(stanza);
  return taken;
}
