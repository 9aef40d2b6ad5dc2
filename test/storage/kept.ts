// What each store keeps of an account, one thing in each: filled, counted and exported for every store that a node has.
import { ACCOUNTS } from "../../server/accounts/store.ts";
import type { DocumentStore } from "../../server/documents/port.ts";
import type { HeldStore } from "../../server/held/port.ts";
import type { OfflineStore } from "../../server/modules/offline/port.ts";
import type { RosterStore } from "../../server/modules/roster/port.ts";
import type { StoreAccount } from "../../server/ports/store.ts";
import type { StoreDefinition } from "../../server/storage/define.ts";
import { STORES } from "../../server/stores.ts";
import type { Storage } from "./backends.ts";
import { rosterItem } from "./samples.ts";

const DOMAIN = "verona.test";

/** How a store comes to have one thing of an account. */
export interface Sample<S extends object = never> {
  /** Keeps it. */
  put(store: S, account: StoreAccount): Promise<unknown>;
  /** How much is there by what an export does not read, where the store counts by itself. */
  count?(store: S, account: StoreAccount): Promise<number>;
}

/** Of each store that keeps something of accounts: a store without one fails the contract. */
const SAMPLES: Readonly<Record<string, Sample>> = {
  rosters: {
    put: (rosters, { domain, local }) => rosters.put(domain, local, rosterItem("a@b")),
  } satisfies Sample<RosterStore>,
  offline: {
    put: (offline, account) => offline.add({ ...account, text: "<m/>", at: 1, limit: 10 }),
    count: (offline, { domain, local }) => offline.count(domain, local),
  } satisfies Sample<OfflineStore>,
  documents: {
    put: (documents, account) => documents.put({ ...account, kind: "vcard", key: "", text: "<vCard/>" }),
    count: (documents, { domain, local }) => documents.count(domain, local, "vcard"),
  } satisfies Sample<DocumentStore>,
  held: {
    put: (held, account) =>
      held.add({ ...account, member: `of-${account.local}`, id: held.ids.next(), text: "<m/>", at: 1 }),
    count: async (held, { local }) => (await held.read(`of-${local}`, 0, 10)).length,
  } satisfies Sample<HeldStore>,
};

/** Every store that keeps something of accounts beside the accounts themselves. */
export const KEEPING: readonly StoreDefinition[] = STORES.filter(({ name }) => name !== ACCOUNTS.name);

/** What `keptOf` tells of a name under which each store has one thing. */
export const ONE_EACH = Object.fromEntries(KEEPING.map(({ name }) => [name, 1]));
export const NOTHING = Object.fromEntries(KEEPING.map(({ name }) => [name, 0]));

/** A store's sample. @throws Error where it has none */
export function sampleOf({ name }: StoreDefinition): Sample<object> {
  const sample = SAMPLES[name];
  if (sample === undefined) throw new Error(`test/storage/kept.ts has no sample of the store ${name}`);
  // Each is of the store under whose name it stands.
  return sample as Sample<object>;
}

/** Puts one thing into each store under a name; one promise a store. */
export function fillings(storage: Storage, local: string): Promise<unknown>[] {
  return KEEPING.map(async (store) => sampleOf(store).put(storage.of(store), { domain: DOMAIN, local }));
}

/** Puts one thing into each store under a name. */
export async function fillEveryStore(storage: Storage, local: string): Promise<void> {
  await Promise.all(fillings(storage, local));
}

/** How much each store has under a name, whoever is asked: its export, or the store itself. */
export async function keptOf(storage: Storage, local: string): Promise<Record<string, number>> {
  const account = { domain: DOMAIN, local };
  const counts = KEEPING.map(async (definition) => {
    const store = storage.of(definition);
    const counted = (await sampleOf(definition).count?.(store, account)) ?? 0;
    return [definition.name, Math.max(counted, (await exportOf(storage, definition, local)).length)] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

/** What one store exports of a name. */
export async function exportOf(storage: Storage, definition: StoreDefinition, local: string): Promise<object[]> {
  const records: object[] = [];
  for await (const record of definition.exported(storage.of(definition), { domain: DOMAIN, local }))
    records.push(record);
  return records;
}
