// Copies of messages for an account's other devices. XEP-0280.
import { NoSettings } from "../../../contract/modules/index.ts";
import type { Jid } from "../../../xmpp/jid/jid.ts";
import { Content } from "../../../xmpp/stanza/content.ts";
import { StanzaError } from "../../../xmpp/stanza/error.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { pass } from "../../delivery/verdict.ts";
import { defineModule, type IqRequest, type ModuleHost } from "../../module/define.ts";
import { type ClientSession, FLAG, SharedSessionKey } from "../../ports/session.ts";
import { type DirectedPresence, directedApi } from "../presence/api.ts";
import { eligibility, NS_CARBONS } from "./eligible.ts";
import { isOfRoom, noteRoom } from "./rooms.ts";

const NS_FORWARD = "urn:xmpp:forward:0";

const enabledKey = new SharedSessionKey<boolean>("carbons", FLAG);

/** The carbons module. */
export const carbons = defineModule({
  name: "carbons",
  implements: ["XEP-0280 1.0.1", "XEP-0297 1.0", "XEP-0334 0.4.0"],
  needs: ["disco", "presence"],
  config: NoSettings,
  activate(host) {
    const directed = host.use(directedApi);
    for (const target of ["host", "account"] as const) host.disclose(target, { features: [NS_CARBONS] });
    host.iq({ target: "account", type: "set", xmlns: NS_CARBONS, name: "enable" }, (request) =>
      switchTo(request, true),
    );
    host.iq({ target: "account", type: "set", xmlns: NS_CARBONS, name: "disable" }, (request) =>
      switchTo(request, false),
    );
    host.inlineBindFeature({
      xmlns: NS_CARBONS,
      name: "enable",
      request: (session) => session.set(enabledKey, true),
    });
    host.stage("account.sending", "carbons.sent", { kinds: ["message"] }, (stanza, { session }) => {
      noteRoom(session, stanza);
      copySent(host, session, stanza);
      return pass;
    });
    host.copies(
      (session, stanza) =>
        session.get(enabledKey) === true && eligibility({ stanza, direction: "received", fromRoom: false }).copy,
    );
    host.on("message.delivered", ({ stanza, account, takers }) =>
      copyReceived({ host, directed }, account, stanza, takers),
    );
  },
});

function switchTo(request: IqRequest, enabled: boolean): undefined {
  if (request.session === undefined) throw new StanzaError("not-allowed", "only a session of the account may ask");
  request.session.set(enabledKey, enabled);
  return undefined;
}

/** What copies of what was received rest on. */
interface CarbonsParts {
  readonly host: ModuleHost;
  readonly directed: DirectedPresence;
}

const NONE: readonly ClientSession[] = [];

function others(host: ModuleHost, local: string, but: readonly ClientSession[]): readonly ClientSession[] {
  const all = host.sessions.of(local);
  // One device, which has the message: most accounts, most of the time.
  if (all.length === 1 && all[0] === but[0]) return NONE;
  return all.filter((session) => session.get(enabledKey) === true && !but.includes(session));
}

function copySent(host: ModuleHost, session: ClientSession, stanza: Stanza): void {
  // To one's own account: some of its devices get the message itself, which ones is not known yet.
  if (stanza.to?.isBare === true && stanza.to.bare === session.account.bare) return;
  const receivers = others(host, session.account.local, [session]);
  if (receivers.length === 0 || !eligibility({ stanza, direction: "sent", fromRoom: false }).copy) return;
  // A message to that very session arrives by itself.
  deliverCopies({ direction: "sent", stanza, account: session.account, without: stanza.to }, receivers);
}

function copyReceived(
  { host, directed }: CarbonsParts,
  local: string,
  stanza: Stanza,
  takers: readonly ClientSession[],
): void {
  const receivers = others(host, local, takers);
  const [taker] = takers;
  if (receivers.length === 0 || taker === undefined) return;
  const { account } = taker;
  if (stanza.from?.bare === account.bare) return copyToSelf(stanza, receivers, account);
  const fromRoom = stanza.type === "error" && isOfRoom(directed, host.sessions.of(local), stanza.from);
  if (!eligibility({ stanza, direction: "received", fromRoom }).copy) return;
  deliverCopies({ direction: "received", stanza, account, without: undefined }, receivers);
}

/** A message of the account to itself: the devices that neither sent nor got it have a copy of its sending. */
function copyToSelf(stanza: Stanza, receivers: readonly ClientSession[], account: Jid): void {
  // To one device alone, it was copied as it was sent.
  if (stanza.to?.isBare === false || !eligibility({ stanza, direction: "sent", fromRoom: false }).copy) return;
  deliverCopies({ direction: "sent", stanza, account, without: stanza.from }, receivers);
}

/** A message of which an account's other devices have a copy. */
interface Copying {
  readonly direction: "sent" | "received";
  readonly stanza: Stanza;
  readonly account: Jid;
  readonly without: Jid | undefined;
}

/** Gives each receiver but `without` a copy; the content is one for all of them. */
function deliverCopies({ direction, stanza, account, without }: Copying, receivers: readonly ClientSession[]): void {
  let first: Stanza | undefined;
  for (const receiver of receivers) {
    if (receiver.jid.full === without?.full) continue;
    first ??= copy(direction, stanza, account, receiver.jid);
    // Made anew also for the first: what is noted of one is nothing of the others.
    receiver.deliver(first.withAddresses(account, receiver.jid));
  }
}

/** The copy that a device of the account gets: from the account itself, the message forwarded within. XEP-0280 §7 */
export function copy(direction: "sent" | "received", stanza: Stanza, account: Jid, to: Jid): Stanza {
  const forwarded = `<forwarded xmlns='${NS_FORWARD}'>${stanza.framed()}</forwarded>`;
  const tail = `><${direction} xmlns='${NS_CARBONS}'>${forwarded}</${direction}></message>`;
  return new Stanza(
    "message",
    account,
    to,
    new Content(undefined, stanza.type, undefined, "", tail, [{ name: direction, xmlns: NS_CARBONS }]),
  );
}
