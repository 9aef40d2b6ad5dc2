// Block lists in memory over the store, so that a stanza's check is a look-up. XEP-0191.
import type { Jid } from "../../../xmpp/jid/jid.ts";
import type { ModuleHost } from "../../module/define.ts";

const KIND = "block";
/** Lists kept in memory; beyond it the oldest are read again when needed. */
const HELD_LIMIT = 20_000;
/** Changes given to the store at once. */
const AT_ONCE = 50;

/** The block lists of one virtual host. */
export class BlockLists {
  private readonly host: ModuleHost;
  private readonly held = new Map<string, ReadonlySet<string>>();
  /** Lists being read; one that was changed meanwhile is no longer here, and what was read is not kept. */
  private readonly loading = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(host: ModuleHost) {
    this.host = host;
    for (const event of ["account.deleted", "account.created"] as const)
      host.on(event, ({ account }) => {
        this.forget(account.local);
        host.bus.announce(this.kind, [account.local]);
      });
    host.bus.onGap(() => this.held.clear());
    host.bus.onAnnouncement(this.kind, (_from, [local = ""]) => {
      this.forget(local);
    });
  }

  /** Other nodes are to read a list anew. */
  private get kind(): string {
    return `blocked ${this.host.domain}`;
  }

  /** The blocked JIDs of an account; at once where they are held. */
  of(local: string): ReadonlySet<string> | Promise<ReadonlySet<string>> {
    return this.held.get(local) ?? this.load(local);
  }

  /** Blocks and unblocks; returns what really changed. @throws StoreUnavailable */
  change(local: string, jids: readonly string[], block: boolean): Promise<string[]> {
    return this.host.exclusive(`blocked ${local}`, () => this.changeInTurn(local, jids, block));
  }

  private async changeInTurn(local: string, jids: readonly string[], block: boolean): Promise<string[]> {
    const now = new Set(await this.of(local));
    const changed = [...new Set(jids)].filter((jid) => now.has(jid) !== block);
    if (changed.length === 0) return changed;
    try {
      for (let at = 0; at < changed.length; at += AT_ONCE)
        await Promise.all(changed.slice(at, at + AT_ONCE).map((jid) => this.store(local, jid, block)));
    } catch (error) {
      // Some of it may be stored: what holds is read anew.
      this.forget(local);
      this.host.bus.announce(this.kind, [local]);
      throw error;
    }
    for (const jid of changed)
      if (block) now.add(jid);
      else now.delete(jid);
    this.forget(local);
    this.hold(local, now);
    this.host.bus.announce(this.kind, [local]);
    return changed;
  }

  private async store(local: string, jid: string, block: boolean): Promise<void> {
    const { documents } = this.host.storage;
    if (block) await documents.put(this.host.domain, local, KIND, jid, "");
    else await documents.remove(this.host.domain, local, KIND, jid);
  }

  /** The list is to be read anew, by those too that are reading it now. */
  private forget(local: string): void {
    this.held.delete(local);
    this.loading.delete(local);
  }

  private load(local: string): Promise<ReadonlySet<string>> {
    const known = this.loading.get(local);
    if (known !== undefined) return known;
    const reading = this.host.storage.documents.list(this.host.domain, local, KIND).then((documents) => {
      const list: ReadonlySet<string> = new Set(documents.map(({ key }) => key));
      if (this.loading.get(local) === reading) this.hold(local, list);
      return list;
    });
    this.loading.set(local, reading);
    const done = () => {
      if (this.loading.get(local) === reading) this.loading.delete(local);
    };
    reading.then(done, done);
    return reading;
  }

  private hold(local: string, list: ReadonlySet<string>): void {
    if (this.held.size >= HELD_LIMIT) this.held.delete(this.held.keys().next().value as string);
    this.held.set(local, list);
  }
}

/** True where the list names the JID: in full, its bare JID, its domain with resource, or its domain. XEP-0191 §2. */
export function blocks(list: ReadonlySet<string>, jid: Jid): boolean {
  if (list.size === 0) return false;
  return (
    list.has(jid.full) ||
    list.has(jid.bare) ||
    list.has(jid.domain) ||
    (jid.resource !== "" && list.has(`${jid.domain}/${jid.resource}`))
  );
}
