// Messages that sessions hold for their clients, in memory. XEP-0198.
import type { HeldMessage, HeldStore } from "../ports.ts";
import { checkHeld, compareKeys } from "../text.ts";

/** Held messages in memory: they outlive a node of a test, and not the process. */
export class MemoryHeld implements HeldStore {
  readonly #messages = new Map<number, HeldMessage & { readonly member: string }>();
  #last = 0;

  async add(member: string, message: Omit<HeldMessage, "id">): Promise<number> {
    checkHeld(member, message);
    this.#last += 1;
    this.#messages.set(this.#last, { ...message, id: this.#last, member });
    return this.#last;
  }

  async remove(ids: readonly number[]): Promise<void> {
    for (const id of ids) this.#messages.delete(id);
  }

  async read(member: string, after: number, limit: number): Promise<HeldMessage[]> {
    checkHeld(member);
    return [...this.#messages.values()]
      .filter((message) => message.member === member && message.id > after)
      .slice(0, Math.max(0, limit))
      .map(({ member: _, ...message }) => message);
  }

  async members(): Promise<string[]> {
    return [...new Set([...this.#messages.values()].map(({ member }) => member))].sort(compareKeys);
  }

  /** Forgets an account's. */
  forget(domain: string, local: string): void {
    for (const { id, ...message } of this.#messages.values())
      if (message.domain === domain && message.local === local) this.#messages.delete(id);
  }
}
