// Offline messages in memory. XEP-0160.
import { checkText, TEXT_BYTES } from "../../storage/backend/text.ts";
import { ByAccount } from "../../storage/memory/by-account.ts";
import type { MemoryStore } from "../../storage/memory/way.ts";
import type { NewOfflineMessage, OfflineMessage, OfflineStore } from "./port.ts";

/** What is kept of one account. */
interface Queue {
  lastId: number;
  messages: OfflineMessage[];
}

/** A new, empty store. */
export function memoryOffline(): MemoryStore<OfflineStore> {
  const kept = new ByAccount<Queue>();
  return { store: new MemoryOffline(kept), purge: (account) => void kept.delete(account) };
}

/** Offline messages in memory. */
class MemoryOffline implements OfflineStore {
  readonly #kept: ByAccount<Queue>;

  constructor(kept: ByAccount<Queue>) {
    this.#kept = kept;
  }

  async add({ domain, local, text, limit }: NewOfflineMessage): Promise<boolean> {
    checkText(text, "message", TEXT_BYTES);
    const kept = this.#kept.get(domain, local)?.messages.length ?? 0;
    if (kept >= limit) return false;
    const queue = this.#kept.need(domain, local, () => ({ lastId: 0, messages: [] }));
    queue.lastId += 1;
    queue.messages.push({ id: queue.lastId, text });
    return true;
  }

  async addAgain(message: NewOfflineMessage): Promise<boolean> {
    const { domain, local, text } = message;
    const there = this.#kept.get(domain, local)?.messages.some((kept) => kept.text === text);
    return there === true || this.add(message);
  }

  async read(domain: string, local: string, after: number, limit: number): Promise<OfflineMessage[]> {
    const messages = this.#kept.get(domain, local)?.messages ?? [];
    return messages.filter((message) => message.id > after).slice(0, Math.max(0, limit));
  }

  async removeThrough(domain: string, local: string, id: number): Promise<void> {
    const queue = this.#kept.get(domain, local);
    if (queue !== undefined) queue.messages = queue.messages.filter((message) => message.id > id);
  }

  async total(): Promise<number> {
    let total = 0;
    for (const [, { messages }] of this.#kept.all()) total += messages.length;
    return total;
  }

  async having(domain: string, locals: readonly string[]): Promise<string[]> {
    return locals.filter((local) => (this.#kept.get(domain, local)?.messages.length ?? 0) > 0);
  }

  async count(domain: string, local: string): Promise<number> {
    return this.#kept.get(domain, local)?.messages.length ?? 0;
  }
}
