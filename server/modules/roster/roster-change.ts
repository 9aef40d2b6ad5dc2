// A change of one roster that is under way: items are stored, then seen, then pushed.

import { Element } from "ltx";
import { buildIq } from "../../../xmpp/stanza/iq.ts";
import { NS_ROSTER } from "../../../xmpp/xml/namespaces.ts";
import { Requests } from "../../delivery/requests.ts";
import type { ModuleHost } from "../../module/define.ts";
import type { Change } from "../../ports/cluster.ts";
import { itemElement, removedElement } from "./item.ts";
import type { RosterItem } from "./port.ts";
import { ROSTERS } from "./store.ts";

/** One account's roster. */
export interface Roster {
  readonly items: ReadonlyMap<string, RosterItem>;
  /** Grows with each change. */
  readonly version: number;
}

/** A roster as whoever changes it has it: nobody else changes it meanwhile. */
export class RosterChange implements Roster {
  private readonly host: ModuleHost;
  private readonly local: string;
  private readonly change: Change<Roster>;

  constructor(host: ModuleHost, local: string, change: Change<Roster>) {
    this.host = host;
    this.local = local;
    this.change = change;
  }

  get items(): ReadonlyMap<string, RosterItem> {
    return this.change.value.items;
  }

  get version(): number {
    return this.change.value.version;
  }

  /** Stores an item and pushes it to interested resources, where clients may see it. @throws StoreUnavailable */
  async put(item: RosterItem): Promise<void> {
    // An item that says nothing is not kept: it would be there for good, and counted nowhere.
    if (!item.listed && item.pendingIn === undefined) return this.remove(item.jid);
    const before = this.items.get(item.jid);
    await this.change.write(
      () => this.host.store(ROSTERS).put(this.host.domain, this.local, item),
      (version) => ({ items: new Map(this.items).set(item.jid, item), version }),
    );
    if (item.listed && (before === undefined || visibleChange(before, item))) this.push(itemElement(item));
  }

  /** Removes an item, and pushes that. @throws StoreUnavailable */
  async remove(jid: string): Promise<void> {
    const item = this.items.get(jid);
    if (item === undefined) return;
    await this.change.write(
      () => this.host.store(ROSTERS).remove(this.host.domain, this.local, jid),
      (version) => {
        const items = new Map(this.items);
        items.delete(jid);
        return { items, version };
      },
    );
    if (item.listed) this.push(removedElement(jid));
  }

  /** Roster pushes go to every resource that asked for the roster. RFC 6121 §2.1.6. */
  private push(item: Element): void {
    const query = new Element("query", { xmlns: NS_ROSTER, ver: String(this.version) });
    query.cnode(item);
    for (const session of this.host.sessions.of(this.local))
      if (session.interested)
        session.deliver(
          buildIq({ type: "set", from: session.account, to: session.jid, id: `push-${Requests.newId()}` }, query),
        );
  }
}

function visibleChange(before: RosterItem, after: RosterItem): boolean {
  return !before.listed || itemElement(before).toString() !== itemElement(after).toString();
}
