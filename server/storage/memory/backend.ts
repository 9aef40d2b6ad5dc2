// Stores that end with the process: tests, and what may be lost.
import type { Clock } from "../../../xmpp/clock.ts";
import type { Apart, StoreAccount } from "../../ports/store.ts";
import type { Backend, Kept } from "../backend/backend.ts";
import type { MemoryStore, MemoryWay } from "./way.ts";

/** Stores in memory. */
export class MemoryBackend implements Backend<MemoryWay<object>> {
  readonly #clock: Clock;
  readonly #made = new Map<string, MemoryStore<object>>();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  async open(kept: readonly Kept<MemoryWay<object>>[], _known: unknown, apart: Apart) {
    const now = () => this.#clock.now();
    for (const { name, way } of kept)
      this.#made.set(name, way.make({ now, apart, purgeOthers: (account) => this.#purge(account, name) }));
    return new Map([...this.#made].map(([name, { store }]) => [name, store]));
  }

  start(): void {
    for (const { start } of this.#made.values()) start?.();
  }

  async purge(account: StoreAccount): Promise<void> {
    this.#purge(account);
  }

  async prove(): Promise<void> {}

  async ping(): Promise<void> {}

  async close(): Promise<void> {
    await Promise.all([...this.#made.values()].map(({ idle }) => idle?.()));
  }

  #purge(account: StoreAccount, but?: string): void {
    for (const [name, { purge }] of this.#made) if (name !== but) purge(account);
  }
}
