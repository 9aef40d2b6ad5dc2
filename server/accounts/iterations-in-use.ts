// Which numbers of iterations keys of accounts have: a stranger is told one of them for a name that is nobody's. RFC 5802 §9.
import { DOCUMENTS } from "../documents/store.ts";
import type { Stores } from "../ports/store.ts";
import { ACCOUNTS } from "./store.ts";

/** At a localpart no account can have. */
const KIND = "scram iterations";
const PLACE = ["", "", KIND] as const;

/** Accounts of each domain that are looked at where nothing is known of the numbers before. */
const SAMPLE = 50;

/**
 * The numbers, lowest first, `current` among them. Each is remembered for good: the number that a name which is nobody's
 * is told must not change with each start, and accounts keep the keys that they were made with until their password is
 * changed. @throws StoreUnavailable
 */
export async function iterationsInUse(
  storage: Pick<Stores, "of">,
  current: number,
  domains: readonly string[],
): Promise<readonly number[]> {
  const documents = storage.of(DOCUMENTS);
  const known = new Set((await documents.list(...PLACE)).map(({ key }) => Number(key)));
  const found = known.size === 0 ? await sampled(storage, domains) : [];
  for (const number of new Set([current, ...found])) {
    if (known.has(number)) continue;
    await documents.put({ domain: "", local: "", kind: KIND, key: String(number), text: "" });
    known.add(number);
  }
  return [...known].sort((one, other) => one - other);
}

/** Those of accounts made before anything was remembered. */
async function sampled(storage: Pick<Stores, "of">, domains: readonly string[]): Promise<number[]> {
  const found: number[] = [];
  const accounts = storage.of(ACCOUNTS);
  for (const domain of domains)
    for (const local of await accounts.list(domain, "", SAMPLE))
      for (const keys of Object.values((await accounts.get(domain, local))?.credentials ?? {}))
        found.push(keys.iterations);
  return found;
}
