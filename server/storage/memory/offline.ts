// Offline messages in memory. XEP-0160.
import type { OfflineMessage, OfflineStore } from "../../ports/store.ts";
import { checkAccount, checkText, TEXT_BYTES } from "../backend/text.ts";
import { findShelf, type Shelves, shelfOf } from "./accounts.ts";

/** Offline messages in memory. */
export class MemoryOffline implements OfflineStore {
  readonly #shelves: Shelves;

  constructor(shelves: Shelves) {
    this.#shelves = shelves;
  }

  async add(domain: string, local: string, text: string, _at: number, limit: number): Promise<boolean> {
    checkAccount(domain, local);
    checkText(text, "message", TEXT_BYTES);
    if (limit < 1) return false;
    const shelf = shelfOf(this.#shelves, domain, local);
    if (shelf.offline.length >= limit) return false;
    shelf.lastOfflineId += 1;
    shelf.offline.push({ id: shelf.lastOfflineId, text });
    return true;
  }

  async addAgain(domain: string, local: string, text: string, at: number, limit: number): Promise<boolean> {
    const there = findShelf(this.#shelves, domain, local)?.offline.some((message) => message.text === text);
    return there === true || this.add(domain, local, text, at, limit);
  }

  async read(domain: string, local: string, after: number, limit: number): Promise<OfflineMessage[]> {
    const messages = findShelf(this.#shelves, domain, local)?.offline ?? [];
    return messages.filter((message) => message.id > after).slice(0, Math.max(0, limit));
  }

  async removeThrough(domain: string, local: string, id: number): Promise<void> {
    const shelf = findShelf(this.#shelves, domain, local);
    if (shelf !== undefined) shelf.offline = shelf.offline.filter((message) => message.id > id);
  }

  async total(): Promise<number> {
    let total = 0;
    for (const domain of this.#shelves.values()) for (const { offline } of domain.values()) total += offline.length;
    return total;
  }

  async having(domain: string, locals: readonly string[]): Promise<string[]> {
    return locals.filter((local) => (findShelf(this.#shelves, domain, local)?.offline.length ?? 0) > 0);
  }

  async count(domain: string, local: string): Promise<number> {
    return findShelf(this.#shelves, domain, local)?.offline.length ?? 0;
  }
}
