// Stores that end with the process: tests, and what may be lost.
import type { Clock } from "../../../xmpp/clock.ts";
import type { Apart, StoreAccount } from "../../ports/store.ts";
import type { Backend, Kept } from "../backend/backend.ts";
import { type Made, makeStores, purgeStores } from "./stores.ts";
import type { MemoryWay } from "./way.ts";

/** Stores in memory. */
export class MemoryBackend implements Backend<MemoryWay<object>> {
  readonly #clock: Clock;
  #made: Made = new Map();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  async open(kept: readonly Kept<MemoryWay<object>>[], _known: unknown, apart: Apart) {
    this.#made = makeStores(kept, this.#clock, apart);
    return new Map([...this.#made].map(([name, { store }]) => [name, store]));
  }

  start(): void {
    for (const { start } of this.#made.values()) start?.();
  }

  async purge(account: StoreAccount): Promise<void> {
    purgeStores(this.#made, account);
  }

  async prove(): Promise<void> {}

  async ping(): Promise<void> {}

  async close(): Promise<void> {
    await Promise.all([...this.#made.values()].map(({ idle }) => idle?.()));
  }
}
