// Contact lists: get, set, remove, pushes and versions. RFC 6121 §2.

import { Element } from "ltx";
import { RosterSettings } from "../../../contract/modules/roster.ts";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { StanzaError } from "../../../xmpp/stanza/error.ts";
import { itemsOf } from "../../../xmpp/stanza/items.ts";
import { NS_ROSTER, NS_ROSTER_VERSIONING } from "../../../xmpp/xml/namespaces.ts";
import { defineModule, type IqRequest, liveSettings, type ModuleHost } from "../../module/define.ts";
import { endOneSided, endSubscriptions } from "./end-subscriptions.ts";
import { itemElement } from "./item.ts";
import type { RosterItem } from "./port.ts";
import type { Roster } from "./roster-change.ts";
import { Rosters, rostersApi } from "./rosters.ts";
import { ROSTERS } from "./store.ts";

/** The roster module. */
export const roster = defineModule({
  name: "roster",
  implements: ["RFC 6121 §2", "XEP-0237 1.3"],
  stores: [ROSTERS],
  config: RosterSettings,
  activate(host, given) {
    const { settings, activation } = liveSettings(given);
    const rosters = new Rosters(host, settings);
    host.provide(rostersApi, rosters);
    host.beforeRemoval((account) => takeLeave(host, rosters, account));
    host.iq({ target: "account", type: "get", xmlns: NS_ROSTER, name: "query" }, (request) => get(rosters, request));
    host.iq({ target: "account", type: "set", xmlns: NS_ROSTER, name: "query" }, (request) =>
      set(host, rosters, settings, request),
    );
    host.streamFeature({
      name: "rosterver",
      phase: "after authentication",
      advertise: () => `<ver xmlns='${NS_ROSTER_VERSIONING}'/>`,
    });
    return activation;
  },
});

async function get(rosters: Rosters, request: IqRequest): Promise<Element | undefined> {
  const { items, version } = await rosters.of(request.to.local);
  if (request.session !== undefined) request.session.interested = true;
  // RFC 6121 §2.6.3: an empty result says that the client's copy is current.
  if (request.payload.attrs.ver !== undefined && request.payload.attrs.ver === String(version)) return undefined;
  const query = new Element("query", { xmlns: NS_ROSTER, ver: String(version) });
  for (const item of items.values()) if (item.listed) query.cnode(itemElement(item));
  return query;
}

/** RFC 6121 §2.3 to §2.5. */
async function set(host: ModuleHost, rosters: Rosters, config: RosterSettings, request: IqRequest): Promise<undefined> {
  const [item, ...more] = itemsOf(request.payload, "item");
  if (item === undefined || more.length > 0) throw new StanzaError("bad-request", "a roster set has exactly one item");
  const jid = contactOf(item, request.to);
  if (item.attrs.subscription === "remove") await remove(host, rosters, request.to, jid);
  else await update(rosters, config, request.to.local, { jid: jid.full, ...saidOf(item, config) });
  return undefined;
}

function contactOf(item: Element, account: Jid): Jid {
  const jid = Jid.tryParse(item.attrs.jid ?? "");
  if (jid === undefined) throw new StanzaError("jid-malformed", "the item's jid is no JID");
  if (jid.bare === account.bare) throw new StanzaError("not-allowed", "an account is not its own contact");
  return jid.toBare();
}

/** What a client may say of a contact. */
type Said = Pick<RosterItem, "name" | "groups">;

/** @throws StanzaError for what RFC 6121 §2.3.3 refuses */
function saidOf(item: Element, config: RosterSettings): Said {
  const name = item.attrs.name ?? "";
  const groups = item.getChildren("group", NS_ROSTER).map((group) => group.getText());
  if (name.length > config.maxNameLength || groups.some((group) => group.length > config.maxNameLength))
    throw new StanzaError("not-acceptable", `names have at most ${config.maxNameLength} characters`);
  if (groups.includes("")) throw new StanzaError("not-acceptable", "a group needs a name");
  if (new Set(groups).size !== groups.length) throw new StanzaError("bad-request", "a group is named twice");
  if (groups.length > config.maxGroups)
    throw new StanzaError("not-acceptable", `an item has at most ${config.maxGroups} groups`);
  return { name, groups };
}

async function update(
  rosters: Rosters,
  config: RosterSettings,
  local: string,
  { jid, ...said }: Said & Pick<RosterItem, "jid">,
): Promise<void> {
  await rosters.change(local, async (current) => {
    if (!rosters.hasRoom(current, jid))
      throw new StanzaError("not-allowed", `a roster has at most ${config.maxItems} items`);
    const updated = { ...Rosters.item(current, jid), ...said, listed: true };
    if (sizeOf(updated) + sizeOfOthers(current, jid) > config.maxSize)
      throw new StanzaError("not-allowed", `a roster has at most ${config.maxSize} characters`);
    await current.put(updated);
  });
}

/** Characters that a client is sent of an item, near enough. */
function sizeOf({ jid, name, groups }: RosterItem): number {
  return groups.reduce((sum, group) => sum + group.length + 16, jid.length + name.length + 48);
}

function sizeOfOthers({ items }: Roster, jid: string): number {
  let sum = 0;
  for (const item of items.values()) if (item.listed && item.jid !== jid) sum += sizeOf(item);
  return sum;
}

/** Removing a contact ends both subscriptions. RFC 6121 §2.5.2. */
async function remove(host: ModuleHost, rosters: Rosters, account: Jid, jid: Jid): Promise<void> {
  const item = await rosters.change(account.local, async (current) => {
    const found = current.items.get(jid.full);
    if (found === undefined || !found.listed) throw new StanzaError("item-not-found");
    await current.remove(jid.full);
    return found;
  });
  await endSubscriptions({ host, rosters, account: account.toBare(), departing: false }, item);
}

/** An account that is removed leaves nobody with a subscription to its name. XEP-0077 §3.2. */
async function takeLeave(host: ModuleHost, rosters: Rosters, account: Jid): Promise<void> {
  for (const item of [...(await rosters.of(account.local)).items.values()])
    await endSubscriptions({ host, rosters, account, departing: true }, item);
  await endOneSided(host, account);
}
