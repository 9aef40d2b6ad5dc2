// Copies of messages for an account's other devices. XEP-0280.
import { z } from "zod";
import { type ClientSession, FLAG, SessionKey } from "../../host/session.ts";
import type { Jid } from "../../jid/jid.ts";
import { defineModule, type IqRequest, type ModuleHost } from "../../module/define.ts";
import { pass } from "../../module/verdict.ts";
import { StanzaError } from "../../stanza/error.ts";
import { messageType } from "../../stanza/message.ts";
import { Stanza } from "../../stanza/stanza.ts";

const NS_CARBONS = "urn:xmpp:carbons:2";
const NS_FORWARD = "urn:xmpp:forward:0";
const NS_HINTS = "urn:xmpp:hints";
const NS_MUC_USER = "http://jabber.org/protocol/muc#user";

const enabledKey = new SessionKey<boolean>("carbons", FLAG);

/** The carbons module. */
export const carbons = defineModule({
  name: "carbons",
  implements: ["XEP-0280 1.0.1", "XEP-0297 1.0", "XEP-0334 0.4.0"],
  needs: ["disco"],
  config: z.strictObject({}),
  activate(host) {
    host.disco.host.features.add(NS_CARBONS);
    host.disco.account.features.add(NS_CARBONS);
    host.iq("account", "set", NS_CARBONS, "enable", (request) => switchTo(request, true));
    host.iq("account", "set", NS_CARBONS, "disable", (request) => switchTo(request, false));
    host.inlineBindFeature({ xmlns: NS_CARBONS, request: (session) => session.set(enabledKey, true) });
    host.stage("account.sending", "carbons.sent", { kinds: ["message"] }, (stanza, { session }) => {
      copySent(host, session, stanza);
      return pass;
    });
    host.on("message.delivered", ({ stanza, account, takers }) => copyReceived(host, account, stanza, takers));
  },
});

function switchTo(request: IqRequest, enabled: boolean): undefined {
  if (request.session === undefined) throw new StanzaError("not-allowed", "only a session of the account may ask");
  request.session.set(enabledKey, enabled);
  return undefined;
}

/** XEP-0280 §6.1: what is worth a copy. */
function eligible(stanza: Stanza): boolean {
  if (stanza.has(NS_CARBONS) || stanza.has(NS_HINTS, "no-copy")) return false;
  switch (messageType(stanza)) {
    case "chat":
      return true;
    case "normal":
      // Room invitations and private messages of rooms are the room's to send to each device.
      return stanza.children.some((child) => child.name === "body") && !stanza.has(NS_MUC_USER);
    case "error":
      return true;
    default:
      return false;
  }
}

function others(host: ModuleHost, local: string, but: readonly ClientSession[]): ClientSession[] {
  return host.sessions.of(local).filter((session) => session.get(enabledKey) === true && !but.includes(session));
}

function copySent(host: ModuleHost, session: ClientSession, stanza: Stanza): void {
  const receivers = others(host, session.account.local, [session]);
  if (receivers.length === 0 || messageType(stanza) === "error" || !eligible(stanza)) return;
  for (const receiver of receivers) {
    // A message to that very session arrives by itself.
    if (stanza.to?.full !== receiver.jid.full) receiver.deliver(copy("sent", stanza, session.account, receiver.jid));
  }
}

function copyReceived(host: ModuleHost, local: string, stanza: Stanza, takers: readonly ClientSession[]): void {
  const receivers = others(host, local, takers);
  const [taker] = takers;
  if (receivers.length === 0 || taker === undefined || !eligible(stanza)) return;
  // Sent by another device of this account: those that want copies have one of its sending.
  if (stanza.from?.bare === taker.account.bare) return;
  for (const receiver of receivers) receiver.deliver(copy("received", stanza, taker.account, receiver.jid));
}

/** XEP-0280 §7: from the account itself, the message forwarded within. */
function copy(direction: "sent" | "received", stanza: Stanza, account: Jid, to: Jid): Stanza {
  const forwarded = `<forwarded xmlns='${NS_FORWARD}'>${stanza.framed()}</forwarded>`;
  const tail = `><${direction} xmlns='${NS_CARBONS}'>${forwarded}</${direction}></message>`;
  return new Stanza("message", account, to, undefined, stanza.type, undefined, "", tail, [
    { name: direction, xmlns: NS_CARBONS },
  ]);
}
