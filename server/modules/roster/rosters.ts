// Rosters in memory over the store: loaded once while someone is there, changed, stored and pushed.
import { Element } from "ltx";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { buildIq } from "../../../xmpp/stanza/iq.ts";
import { NS_ROSTER } from "../../../xmpp/xml/namespaces.ts";
import { Requests } from "../../delivery/requests.ts";
import { ApiKey, type ModuleHost } from "../../module/define.ts";
import type { RosterItem } from "../../ports/store.ts";
import { itemElement, removedElement, unknownItem } from "./item.ts";
import { Visibility } from "./visibility.ts";

/** One account's roster. */
export interface Roster {
  readonly items: ReadonlyMap<string, RosterItem>;
  /** Grows with each change. */
  readonly version: number;
}

interface Held {
  readonly items: Map<string, RosterItem>;
  version: number;
}

/** Requests kept of those who are in no roster: a contact list has its own limit, and strangers are not to fill it. */
const STRANGERS_LIMIT = 100;

/** Rosters kept although nobody of the account is connected. */
const IDLE_LIMIT = 1000;

/** The rosters of one virtual host. */
export class Rosters {
  /** Who may not see an account, whatever its roster says. */
  readonly visibility = new Visibility();
  private readonly host: ModuleHost;
  private readonly held = new Map<string, Held>();
  private readonly loading = new Map<string, Promise<Held>>();
  /** Rosters that another node changed since their reading began. */
  private readonly stale = new Set<string>();

  /** Contacts of one roster, at most. */
  readonly maxItems: number;

  constructor(host: ModuleHost, maxItems: number) {
    this.host = host;
    this.maxItems = maxItems;
    // What was read behind a removal is not the next owner's.
    for (const event of ["account.deleted", "account.created"] as const)
      host.on(event, ({ account }) => {
        this.held.delete(account.local);
        host.bus.announce(this.kind, [account.local]);
      });
    host.bus.onGap(() => {
      this.held.clear();
      for (const local of this.loading.keys()) this.stale.add(local);
    });
    host.bus.onAnnouncement(this.kind, (_from, [local = ""]) => {
      this.held.delete(local);
      if (this.loading.has(local)) this.stale.add(local);
    });
  }

  /** Other nodes are to read a roster anew. */
  private get kind(): string {
    return `roster ${this.host.domain}`;
  }

  /** The roster of an account; at once where it is held. */
  of(local: string): Roster | Promise<Roster> {
    return this.held.get(local) ?? this.load(local);
  }

  /**
   * Reads a roster and changes it by `put` and `remove` within `work`, while no other node does: an item is stored as a
   * whole, and would overwrite what another node made of it meanwhile. Whatever may wait for another roster comes after.
   */
  change<T>(local: string, work: (roster: Roster) => Promise<T>): Promise<T> {
    return this.host.exclusive(`roster ${local}`, async () => {
      if (this.host.bus.others.length > 0) this.held.delete(local);
      return work(await this.of(local));
    });
  }

  /** The item for a contact, made up where there is none. */
  static item(roster: Roster, jid: string): RosterItem {
    return roster.items.get(jid) ?? unknownItem(jid);
  }

  /** True where the contact is in the roster, or can be added. Strangers who wait for an answer do not count. */
  hasRoom(roster: Roster, jid: string): boolean {
    if (Rosters.item(roster, jid).listed || roster.items.size < this.maxItems) return true;
    let listed = 0;
    for (const item of roster.items.values()) if (item.listed) listed += 1;
    return listed < this.maxItems;
  }

  /**
   * Whether one more request of someone who is not in the roster can wait for an answer. Where all places are taken, one
   * of the domain that has most of them must go, so that no domain's strangers shut out another's.
   */
  static placeForStranger(roster: Roster, contact: Jid): "free" | "none" | { readonly inPlaceOf: string } {
    const waiting = new Map<string, string[]>();
    let count = 0;
    for (const item of roster.items.values()) {
      if (item.listed) continue;
      const { domain } = Jid.parse(item.jid);
      waiting.set(domain, [...(waiting.get(domain) ?? []), item.jid]);
      count += 1;
    }
    if (count < STRANGERS_LIMIT) return "free";
    const most = [...waiting.values()].reduce((a, b) => (b.length > a.length ? b : a));
    const own = waiting.get(contact.domain)?.length ?? 0;
    return own + 1 < most.length ? { inPlaceOf: most.at(-1) as string } : "none";
  }

  /**
   * Stores an item and pushes it to interested resources, where clients may see it. Memory is changed within the call,
   * so that a limit checked just before it holds against others who come in the same turn. @throws StoreUnavailable
   */
  async put(local: string, item: RosterItem): Promise<void> {
    const held = this.held.get(local) ?? (await this.load(local));
    // An item that says nothing is not kept: it would be there for good, and counted nowhere.
    if (!item.listed && item.pendingIn === undefined) return this.remove(local, item.jid);
    const before = held.items.get(item.jid);
    held.items.set(item.jid, item);
    try {
      held.version = await this.host.storage.rosters.put(this.host.domain, local, item);
    } catch (error) {
      // What is in memory must not run ahead of the store: read it anew next time.
      this.held.delete(local);
      throw error;
    }
    this.host.bus.announce(this.kind, [local]);
    if (item.listed && (before === undefined || visibleChange(before, item)))
      this.push(local, itemElement(item), held.version);
  }

  /** Removes an item, and pushes that. @throws StoreUnavailable */
  async remove(local: string, jid: string): Promise<void> {
    const held = this.held.get(local) ?? (await this.load(local));
    const item = held.items.get(jid);
    if (item === undefined) return;
    held.items.delete(jid);
    try {
      held.version = await this.host.storage.rosters.remove(this.host.domain, local, jid);
    } catch (error) {
      this.held.delete(local);
      throw error;
    }
    this.host.bus.announce(this.kind, [local]);
    if (item.listed) this.push(local, removedElement(jid), held.version);
  }

  /** Roster pushes go to every resource that asked for the roster. RFC 6121 §2.1.6. */
  private push(local: string, item: Element, version: number): void {
    const query = new Element("query", { xmlns: NS_ROSTER, ver: String(version) });
    query.cnode(item);
    for (const session of this.host.sessions.of(local))
      if (session.interested)
        session.deliver(buildIq("set", session.account, session.jid, `push-${Requests.newId()}`, query));
  }

  private load(local: string): Promise<Held> {
    const running = this.loading.get(local);
    if (running !== undefined) return running;
    this.stale.delete(local);
    const load = this.host.storage.rosters
      .load(this.host.domain, local)
      .then(({ items, version }) => {
        const held: Held = { items: new Map(items.map((item) => [item.jid, item])), version };
        this.makeRoom();
        // Changed by another node while it was read: what was read is used once, and not kept.
        if (!this.stale.delete(local)) this.held.set(local, held);
        return held;
      })
      .finally(() => this.loading.delete(local));
    this.loading.set(local, load);
    return load;
  }

  private makeRoom(): void {
    if (this.held.size < IDLE_LIMIT + this.host.sessions.size) return;
    for (const local of this.held.keys()) {
      if (this.host.sessions.of(local).length === 0) this.held.delete(local);
      if (this.held.size < IDLE_LIMIT / 2 + this.host.sessions.size) return;
    }
  }
}

function visibleChange(before: RosterItem, after: RosterItem): boolean {
  return !before.listed || itemElement(before).toString() !== itemElement(after).toString();
}

/** What the roster module offers to others. */
export const rostersApi = new ApiKey<Rosters>("rosters");
