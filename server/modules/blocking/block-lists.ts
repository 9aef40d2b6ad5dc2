// Block lists in memory over the store, so that a stanza's check is a look-up. XEP-0191.
import type { Jid } from "../../jid/jid.ts";
import type { ModuleHost } from "../../module/define.ts";

const KIND = "block";
/** Lists kept in memory; beyond it the oldest are read again when needed. */
const HELD_LIMIT = 20_000;

/** The block lists of one virtual host. */
export class BlockLists {
  private readonly host: ModuleHost;
  private readonly held = new Map<string, ReadonlySet<string>>();

  constructor(host: ModuleHost) {
    this.host = host;
    host.on("account.deleted", ({ account }) => {
      this.held.delete(account.local);
    });
  }

  /** The blocked JIDs of an account; at once where they are held. */
  of(local: string): ReadonlySet<string> | Promise<ReadonlySet<string>> {
    return this.held.get(local) ?? this.load(local);
  }

  /** Blocks and unblocks; returns what really changed. @throws StoreUnavailable */
  async change(local: string, jids: readonly string[], block: boolean): Promise<string[]> {
    const now = new Set(await this.of(local));
    const changed = jids.filter((jid) => now.has(jid) !== block);
    const { documents } = this.host.storage;
    for (const jid of changed) {
      if (block) await documents.put(this.host.domain, local, KIND, jid, "");
      else await documents.remove(this.host.domain, local, KIND, jid);
      if (block) now.add(jid);
      else now.delete(jid);
    }
    this.held.set(local, now);
    return changed;
  }

  private async load(local: string): Promise<ReadonlySet<string>> {
    const documents = await this.host.storage.documents.list(this.host.domain, local, KIND);
    const list: ReadonlySet<string> = new Set(documents.map(({ key }) => key));
    if (this.held.size >= HELD_LIMIT) this.held.delete(this.held.keys().next().value as string);
    this.held.set(local, list);
    return list;
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
