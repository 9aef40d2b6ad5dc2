// Blocking: a user's list of those who can neither reach nor see the account. XEP-0191.

import { Element } from "ltx";
import { BlockingSettings } from "../../../contract/modules/blocking.ts";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { parseMany } from "../../../xmpp/jid/many.ts";
import { StanzaError } from "../../../xmpp/stanza/error.ts";
import { buildIq } from "../../../xmpp/stanza/iq.ts";
import { itemsOf } from "../../../xmpp/stanza/items.ts";
import { presence } from "../../../xmpp/stanza/presence.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { inBackground } from "../../delivery/background.ts";
import { Requests } from "../../delivery/requests.ts";
import { handled, pass, reject, type Verdict } from "../../delivery/verdict.ts";
import { DOCUMENTS } from "../../documents/store.ts";
import { defineModule, type IqRequest, liveSettings, type ModuleHost } from "../../module/define.ts";
import { FLAG, SharedSessionKey } from "../../ports/session.ts";
import { type DirectedPresence, directedApi } from "../presence/api.ts";
import { departureKey, hasFrom, type Rosters, rostersApi } from "../roster/api.ts";
import { BlockLists, blocks } from "./block-lists.ts";

const NS_BLOCKING = "urn:xmpp:blocking";
const NS_BLOCKING_ERRORS = "urn:xmpp:blocking:errors";

/** Characters of the JIDs of one list, which is sent as one stanza. */
const MAX_CHARACTERS = 262_144;

/** Kind of the frames that tell other nodes to end directed presence. */
const END_OF_DIRECTED = "end directed presence";

/** True for a session that asked for the list and so gets pushes. XEP-0191 §3.3. */
const interestedKey = new SharedSessionKey<boolean>("block list", FLAG);

/** What changes of a list need; made once, when the module is activated. */
interface BlockingParts {
  readonly host: ModuleHost;
  readonly rosters: Rosters;
  readonly directed: DirectedPresence;
  readonly lists: BlockLists;
  /** As they are at the moment. */
  readonly settings: { readonly maxItems: number };
}

/** The blocking module. */
export const blocking = defineModule({
  name: "blocking",
  implements: ["XEP-0191 1.3"],
  needs: ["disco", "presence", "roster"],
  grants: ["bus"],
  stores: [DOCUMENTS],
  config: BlockingSettings,
  activate(host, given) {
    const { settings, activation } = liveSettings(given);
    const lists = new BlockLists(host);
    const rosters = host.use(rostersApi);
    const directed = host.use(directedApi);
    const parts: BlockingParts = { host, rosters, directed, lists, settings };
    host.disclose("host", { features: [NS_BLOCKING] });
    host.iq({ target: "account", type: "get", xmlns: NS_BLOCKING, name: "blocklist" }, (request) =>
      read(lists, request),
    );
    host.iq({ target: "account", type: "set", xmlns: NS_BLOCKING, name: "block" }, (request) => block(parts, request));
    host.iq({ target: "account", type: "set", xmlns: NS_BLOCKING, name: "unblock" }, (request) =>
      unblock(parts, request),
    );
    host.whenOver(
      rosters.visibility.hide((local, contact) => {
        const list = lists.of(local);
        return list instanceof Promise ? list.then((loaded) => blocks(loaded, contact)) : blocks(list, contact);
      }),
    );
    host.bus.take(END_OF_DIRECTED, (_from, [local = "", ...jids], done) =>
      inBackground(endDirectedHere(parts, local, jids).finally(done), host.log),
    );
    const kinds = ["message", "presence", "iq"] as const;
    host.stage(
      "account.sending",
      "block.send",
      { kinds, before: ["presence.send", "carbons.sent"] },
      (stanza, { session }) => {
        const { to } = stanza;
        if (to === undefined || to.bare === session.account.bare) return pass;
        const list = lists.of(session.account.local);
        return list instanceof Promise ? outgoingOnceKnown(list, to) : outgoing(list, to);
      },
    );
    host.stage("account.delivering", "block.take", { kinds, before: ["presence.take"] }, (stanza, { account }) => {
      // Nobody blocks the account itself or its server: their answers need no store.
      if (stanza.from === undefined || stanza.from.bare === account.bare || stanza.from.full === host.domain)
        return pass;
      const list = lists.of(account.local);
      return list instanceof Promise ? incomingOnceKnown(list, stanza) : incoming(list, stanza);
    });
    return activation;
  },
});

/** XEP-0191 §3.2: what the user sends to a blocked contact is returned. */
function outgoing(list: ReadonlySet<string>, to: Jid): Verdict {
  if (!blocks(list, to)) return pass;
  return reject("not-acceptable", { type: "cancel", application: `<blocked xmlns='${NS_BLOCKING_ERRORS}'/>` });
}

const dropped = handled("dropped: XEP-0191 §3.2");

async function outgoingOnceKnown(list: Promise<ReadonlySet<string>>, to: Jid): Promise<Verdict> {
  return outgoing(await list, to);
}

/** XEP-0191 §3.2: what a blocked contact sends is answered as if the user did not exist, or dropped. */
function incoming(list: ReadonlySet<string>, stanza: Stanza): Verdict {
  if (!blocks(list, stanza.from as Jid) || stanza.note(departureKey) === true) return pass;
  if (stanza.kind === "presence" || stanza.type === "error" || stanza.type === "result") return dropped;
  return reject("service-unavailable");
}

async function incomingOnceKnown(list: Promise<ReadonlySet<string>>, stanza: Stanza): Promise<Verdict> {
  return incoming(await list, stanza);
}

async function read(lists: BlockLists, request: IqRequest): Promise<Element> {
  request.session?.set(interestedKey, true);
  const answer = new Element("blocklist", { xmlns: NS_BLOCKING });
  for (const jid of await lists.of(request.to.local)) answer.c("item", { jid });
  return answer;
}

/** The JIDs of a request that has at most so many: counted before the first is prepared, since that may cost much. */
async function jidsOf(request: IqRequest, maxItems: number): Promise<Jid[]> {
  const items = itemsOf(request.payload, "item");
  if (items.length > maxItems) throw new StanzaError("not-allowed", `a list has at most ${maxItems} items`);
  const texts = items.map((item) => item.attrs.jid ?? "");
  const jids = await parseMany(texts, (ms) => request.session?.charge(ms));
  return jids.map((jid) => {
    if (jid === undefined) throw new StanzaError("jid-malformed");
    return jid;
  });
}

async function block(parts: BlockingParts, request: IqRequest): Promise<undefined> {
  const { host, lists } = parts;
  const { maxItems } = parts.settings;
  const jids = await jidsOf(request, maxItems);
  const { to: account } = request;
  if (jids.length === 0) throw new StanzaError("bad-request", "nothing to block");
  const asked = jids.map(({ full }) => full);
  const bounded = (list: ReadonlySet<string>) => withinBounds(list, asked, maxItems);
  const { changed, before } = await lists.change(account.local, bounded, true);
  // Who was blocked already: nothing changed, and there is nothing to tell.
  if (changed.length === 0) return undefined;
  // The door is closed first, so that nothing comes after the leave that the contact sees. XEP-0191 §3.3.
  await showTo(parts, account, { jids: changed, rest: before, visible: false });
  await endDirected(parts, account, changed);
  push(host, account, "block", changed);
  return undefined;
}

/** What is asked for, where the list has room for it. @throws StanzaError */
function withinBounds(list: ReadonlySet<string>, asked: readonly string[], maxItems: number): readonly string[] {
  if (list.size + asked.length > maxItems) throw new StanzaError("not-allowed", `a list has at most ${maxItems} items`);
  let characters = 0;
  for (const jid of [...list, ...asked]) characters += jid.length;
  if (characters > MAX_CHARACTERS)
    throw new StanzaError("not-allowed", `a list has at most ${MAX_CHARACTERS} characters`);
  return asked;
}

async function unblock(parts: BlockingParts, request: IqRequest): Promise<undefined> {
  const { host, lists } = parts;
  const { maxItems } = parts.settings;
  const asked = (await jidsOf(request, maxItems)).map((jid) => jid.full);
  const { to: account } = request;
  // Nothing at all in the request: what it has and nobody understands was refused. XEP-0191 §3.5.
  const all = asked.length === 0;
  const { changed, after } = await lists.change(account.local, (list) => (all ? [...list] : asked), false);
  // A push without items says that all were unblocked: where nothing changed there is none. XEP-0191 §3.5.
  if (changed.length === 0) return undefined;
  await showTo(parts, account, { jids: changed, rest: after, visible: true });
  push(host, account, "unblock", all ? [] : changed);
  return undefined;
}

/** A change of what somebody sees of an account. */
interface Sight {
  readonly jids: readonly string[];
  /** What else is on the list: whom it blocks the change does not concern. */
  readonly rest: ReadonlySet<string>;
  readonly visible: boolean;
}

/** Presence to the subscribed contacts that a change concerns. */
async function showTo({ host, rosters }: BlockingParts, account: Jid, { jids, rest, visible }: Sight): Promise<void> {
  const concerned = new Set(jids);
  if (concerned.size === 0) return;
  for (const item of (await rosters.of(account.local)).items.values()) {
    const contact = Jid.parse(item.jid);
    if (!hasFrom(item) || !blocks(concerned, contact) || blocks(rest, contact)) continue;
    for (const session of host.sessions.available(account.local)) {
      const stanza = visible ? session.presence : presence(session.jid, contact, "unavailable");
      if (stanza !== undefined) await host.route(stanza.withAddresses(session.jid, contact));
    }
  }
}

/**
 * Those now blocked who had directed presence hear its end now: at the session's end they hear no more. Each node does so
 * for its own sessions, since it alone can forget whom they showed themselves to.
 */
async function endDirected(parts: BlockingParts, account: Jid, jids: readonly string[]): Promise<void> {
  const { host, directed } = parts;
  const { local } = account;
  const elsewhere = host.sessions.of(local).filter(({ remote }) => remote);
  if (elsewhere.length > 0) {
    const shown = elsewhere.map((session) => [session.jid, blockedOf(directed.of(session), jids)] as const);
    // A node that cannot do it, or is gone: they hear it from here.
    const instead = async () => {
      for (const [from, receivers] of shown) await tellEnd(host, from, receivers);
    };
    for (const member of host.bus.others)
      host.bus.send(member, {
        kind: END_OF_DIRECTED,
        fields: [local, ...jids],
        confirmed: nothing,
        failed: () => inBackground(instead(), host.log),
      });
  }
  await endDirectedHere(parts, local, jids);
}

async function endDirectedHere(
  { host, directed }: BlockingParts,
  local: string,
  jids: readonly string[],
): Promise<void> {
  for (const session of host.sessions.of(local)) {
    if (session.remote) continue;
    const ended = new Set(blockedOf(directed.of(session), jids));
    await tellEnd(
      host,
      session.jid,
      directed.forget(session, (address) => ended.has(address)),
    );
  }
}

function blockedOf(addresses: Iterable<string>, jids: readonly string[]): string[] {
  const concerned = new Set(jids);
  return [...addresses].filter((address) => blocks(concerned, Jid.parse(address)));
}

async function tellEnd(host: ModuleHost, from: Jid, receivers: readonly string[]): Promise<void> {
  for (const address of receivers) await host.route(presence(from, Jid.parse(address), "unavailable"));
}

function nothing(): void {}

/** XEP-0191 §3.3: every device that asked for the list hears of the change. */
function push(host: ModuleHost, account: Jid, name: "block" | "unblock", jids: readonly string[]): void {
  const payload = new Element(name, { xmlns: NS_BLOCKING });
  for (const jid of jids) payload.c("item", { jid });
  for (const session of host.sessions.of(account.local))
    if (session.get(interestedKey) === true)
      session.deliver(buildIq({ type: "set", from: account.toBare(), to: session.jid, id: Requests.newId() }, payload));
}
