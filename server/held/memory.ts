// Messages that sessions hold for their clients, in memory. XEP-0198.

import type { Ascending } from "../storage/ascending.ts";
import { checkAccount, compareKeys } from "../storage/backend/text.ts";
import type { MemoryParts, MemoryStore } from "../storage/memory/way.ts";
import { heldIds } from "./ids.ts";
import type { HeldKey, HeldMessage, HeldStore } from "./port.ts";
import { checkHeld } from "./text.ts";

/** A new, empty store. */
export function memoryHeld({ now }: Pick<MemoryParts, "now">): MemoryStore<HeldStore> {
  const store = new MemoryHeld(now);
  return { store, purge: ({ domain, local }) => store.forget(domain, local) };
}

/** Held messages in memory: they outlive a node of a test, and not the process. */
class MemoryHeld implements HeldStore {
  readonly ids: Ascending;
  readonly unremoved: readonly HeldKey[] = [];
  readonly #members = new Map<string, Map<number, HeldMessage>>();

  /** `now` gives ms since the epoch. */
  constructor(now: () => number) {
    this.ids = heldIds(now);
  }

  async add(message: HeldMessage): Promise<void> {
    const { member, id } = message;
    checkHeld(member, message);
    const messages = this.#members.get(member) ?? new Map<number, HeldMessage>();
    if (!messages.has(id)) messages.set(id, message);
    this.#members.set(member, messages);
  }

  async remove(keys: readonly HeldKey[]): Promise<void> {
    for (const { member, id } of keys) this.#members.get(member)?.delete(id);
  }

  async get({ member, id }: HeldKey): Promise<HeldMessage | undefined> {
    return this.#members.get(member)?.get(id);
  }

  async read(member: string, after: number, limit: number): Promise<HeldMessage[]> {
    checkHeld(member);
    return [...(this.#members.get(member)?.values() ?? [])]
      .filter(({ id }) => id > after)
      .sort((a, b) => a.id - b.id)
      .slice(0, Math.max(0, limit));
  }

  async members(): Promise<string[]> {
    return [...this.#members].flatMap(([member, { size }]) => (size > 0 ? [member] : [])).sort(compareKeys);
  }

  async of(domain: string, local: string, after: HeldKey | undefined, limit: number): Promise<HeldMessage[]> {
    checkAccount(domain, local);
    const order = (a: HeldKey, b: HeldKey) => compareKeys(a.member, b.member) || a.id - b.id;
    return [...this.#members.values()]
      .flatMap((messages) => [...messages.values()])
      .filter((one) => one.domain === domain && one.local === local && (after === undefined || order(one, after) > 0))
      .sort(order)
      .slice(0, Math.max(0, limit));
  }

  /** Forgets an account's. */
  forget(domain: string, local: string): void {
    for (const messages of this.#members.values())
      for (const { id, ...message } of messages.values())
        if (message.domain === domain && message.local === local) messages.delete(id);
  }
}
