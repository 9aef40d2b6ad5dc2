// What each store keeps of an account, one thing in each: so that none is forgotten when an account goes.
import type { Storage } from "./backends.ts";
import { rosterItem } from "./samples.ts";

const DOMAIN = "verona.test";

/** The stores that keep something of an account: a new one is a type error here until it says how. */
type Keeping = Exclude<keyof Storage, "kind" | "accounts" | "ping" | "close">;

const STORES: {
  readonly [S in Keeping]: {
    fill(store: Storage[S], user: string): Promise<unknown>;
    count(store: Storage[S], user: string): Promise<number>;
  };
} = {
  rosters: {
    fill: (rosters, user) => rosters.put(DOMAIN, user, rosterItem("a@b")),
    count: async (rosters, user) => (await rosters.load(DOMAIN, user)).items.length,
  },
  offline: {
    fill: (offline, user) => offline.add({ domain: DOMAIN, local: user, text: "<m/>", at: 1, limit: 10 }),
    count: async (offline, user) =>
      Math.max(await offline.count(DOMAIN, user), (await offline.read(DOMAIN, user, 0, 10)).length),
  },
  documents: {
    fill: (documents, user) => documents.put({ domain: DOMAIN, local: user, kind: "vcard", key: "", text: "<vCard/>" }),
    count: async (documents, user) => (await documents.list(DOMAIN, user, "vcard")).length,
  },
  held: {
    fill: (held, user) =>
      held.add({ member: `of-${user}`, id: held.ids.next(), domain: DOMAIN, local: user, text: "<m/>", at: 1 }),
    count: async (held, user) => (await held.read(`of-${user}`, 0, 10)).length,
  },
};
const KEEPING = Object.keys(STORES) as Keeping[];
/** What `keptOf` tells of a name under which each store has one thing. */
export const ONE_EACH = Object.fromEntries(KEEPING.map((name) => [name, 1]));
export const NOTHING = Object.fromEntries(KEEPING.map((name) => [name, 0]));

/** Puts one thing into each store under a name. */
export async function fillEveryStore(storage: Storage, user: string): Promise<void> {
  for (const name of KEEPING) await STORES[name].fill(storage[name] as never, user);
}

/** How much each store has under a name. */
export async function keptOf(storage: Storage, user: string): Promise<Record<string, number>> {
  const counts = KEEPING.map(async (name) => [name, await STORES[name].count(storage[name] as never, user)] as const);
  return Object.fromEntries(await Promise.all(counts));
}
