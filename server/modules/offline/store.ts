// The store of offline messages.
import { defineStore } from "../../storage/define.ts";
import { memoryOffline } from "./memory.ts";
import { offlineTables } from "./migrations/0001-offline.ts";
import type { OfflineMessage, OfflineStore } from "./port.ts";
import { sqlOffline } from "./sql.ts";

/** Messages read at a time. */
const PAGE = 100;

/** Messages for accounts that no resource takes. XEP-0160. */
export const OFFLINE = defineStore<OfflineStore>({
  name: "offline",
  sql: { migrations: [offlineTables], make: sqlOffline },
  memory: { make: memoryOffline },
  async *exported(offline, { domain, local }) {
    let last = 0;
    for (let page: OfflineMessage[]; ; last = page.at(-1)?.id ?? last) {
      page = await offline.read(domain, local, last, PAGE);
      if (page.length === 0) return;
      yield* page;
    }
  },
});
