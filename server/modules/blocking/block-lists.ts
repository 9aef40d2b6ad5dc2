// Block lists: an account's list, at hand so that a stanza's check is a look-up, and its changes. XEP-0191.

import type { Jid } from "../../../xmpp/jid/jid.ts";
import type { ModuleHost } from "../../module/define.ts";
import { type Documents, TEXT } from "../../module/documents.ts";
import type { Shared } from "../../ports/cluster.ts";
import { isStoreAway } from "../../ports/failure.ts";

/** Changes given to the store at once. */
const AT_ONCE = 50;
/** Bytes that an entry takes beside its text. */
const ENTRY = 64;

/** What became of a list. */
export interface BlockChange {
  /** What was not as asked before. */
  readonly changed: readonly string[];
  readonly before: ReadonlySet<string>;
  readonly after: ReadonlySet<string>;
}

/** The block lists of one virtual host. */
export class BlockLists {
  private readonly documents: Documents<string>;
  private readonly lists: Shared<ReadonlySet<string>>;

  constructor(host: ModuleHost) {
    // One for each JID; it says all in its key.
    this.documents = host.documents({ name: "block", ...TEXT });
    this.lists = host.shared({
      name: "blocked",
      load: async (local) => new Set((await this.documents.all(local)).map(({ key }) => key)),
      cost: costOf,
    });
  }

  /** The blocked JIDs of an account; at once where they are held. */
  of(local: string): ReadonlySet<string> | Promise<ReadonlySet<string>> {
    return this.lists.of(local);
  }

  /**
   * Blocks or unblocks what `choose` answers for the list as it is; what that throws changes nothing.
   * @throws StoreUnavailable
   */
  change(
    local: string,
    choose: (list: ReadonlySet<string>) => readonly string[],
    block: boolean,
  ): Promise<BlockChange> {
    return this.lists.change(local, async (change) => {
      const before = change.value;
      const changed = [...new Set(choose(before))].filter((jid) => before.has(jid) !== block);
      for (let at = 0; at < changed.length; at += AT_ONCE) {
        const part = changed.slice(at, at + AT_ONCE);
        await change.write(
          () => allDone(part.map((jid) => this.store(local, jid, block))),
          () => changedBy(change.value, part, block),
        );
      }
      return { changed, before, after: change.value };
    });
  }

  private async store(local: string, jid: string, block: boolean): Promise<void> {
    if (block) await this.documents.put(local, jid, "");
    else await this.documents.remove(local, jid);
  }
}

/**
 * Waits for all: where one fails the others are not under way any more. Where it is not known of one whether it came
 * about, that is what is thrown.
 */
async function allDone(writes: readonly Promise<void>[]): Promise<void> {
  const failures = (await Promise.allSettled(writes)).flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
  const worst = failures.find((failure) => !isStoreAway(failure) || failure.undecided) ?? failures[0];
  if (worst !== undefined) throw worst;
}

function changedBy(list: ReadonlySet<string>, jids: readonly string[], block: boolean): ReadonlySet<string> {
  const after = new Set(list);
  for (const jid of jids)
    if (block) after.add(jid);
    else after.delete(jid);
  return after;
}

function costOf(list: ReadonlySet<string>): number {
  let bytes = ENTRY;
  for (const jid of list) bytes += ENTRY + 2 * jid.length;
  return bytes;
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
