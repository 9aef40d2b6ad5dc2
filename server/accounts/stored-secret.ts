// Secrets that a storage makes for itself on first use, kept with the accounts so that every node has the same ones.
import { randomBytes } from "node:crypto";
import { DOCUMENTS } from "../documents/store.ts";
import type { Stores } from "../ports/store.ts";

/** At a localpart no account can have. */
const PLACE = ["", "", "secret"] as const;

/** The storage's secret of that name. @throws StoreUnavailable */
export async function storedSecret(storage: Stores, name: string): Promise<Buffer> {
  const documents = storage.of(DOCUMENTS);
  const kept = await documents.get(...PLACE, name);
  if (kept !== undefined) return Buffer.from(kept, "base64");
  await documents.put(...PLACE, name, randomBytes(32).toString("base64"));
  // Two nodes may have made one at the same time: what is kept now is the one.
  return Buffer.from((await documents.get(...PLACE, name)) ?? "", "base64");
}

/**
 * The secret from which answers about unknown accounts are made up. A salt that changed with each restart or from node
 * to node would tell unknown accounts from known ones. @throws StoreUnavailable
 */
export function decoySecret(storage: Stores): Promise<Buffer> {
  return storedSecret(storage, "decoy");
}
