// Secrets that a storage makes for itself on first use, kept with the accounts so that every node has the same ones.
import { randomBytes } from "node:crypto";
import { DOCUMENTS } from "../documents/store.ts";
import type { Stores } from "../ports/store.ts";

/** At a localpart no account can have. */
const KIND = "secret";
const PLACE = ["", "", KIND] as const;

/** The storage's secret of that name. @throws StoreUnavailable */
export async function storedSecret(storage: Pick<Stores, "of">, name: string): Promise<Buffer> {
  const documents = storage.of(DOCUMENTS);
  const kept = await documents.get(...PLACE, name);
  if (kept !== undefined) return Buffer.from(kept, "base64");
  // Two nodes may make one at the same time: only the first is kept, since it is in use from then on.
  const text = randomBytes(32).toString("base64");
  await documents.replace({ domain: "", local: "", kind: KIND, key: name, text }, undefined);
  return Buffer.from((await documents.get(...PLACE, name)) ?? "", "base64");
}

/**
 * The secret from which answers about unknown accounts are made up. A salt that changed with each restart or from node
 * to node would tell unknown accounts from known ones. @throws StoreUnavailable
 */
export function decoySecret(storage: Pick<Stores, "of">): Promise<Buffer> {
  return storedSecret(storage, "decoy");
}
