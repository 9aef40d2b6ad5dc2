// The store of messages that sessions hold for their clients.
import { defineStore } from "../storage/define.ts";
import { memoryHeld } from "./memory.ts";
import { heldTable } from "./migrations/0001-held.ts";
import { heldKeys } from "./migrations/0002-keys.ts";
import type { HeldMessage, HeldStore } from "./port.ts";
import { sqlHeld } from "./sql.ts";

/** Messages read at a time. */
const PAGE = 100;

/** Messages on their way to clients. XEP-0198. */
export const HELD = defineStore<HeldStore>({
  name: "held",
  sql: { migrations: [heldTable, heldKeys], make: sqlHeld },
  memory: { make: memoryHeld },
  async *exported(held, { domain, local }) {
    let last: HeldMessage | undefined;
    do {
      const page: HeldMessage[] = await held.of(domain, local, last, PAGE);
      yield* page.map(({ text, at }) => ({ text, at }));
      last = page.at(-1);
    } while (last !== undefined);
  },
});
