// The secret from which answers about unknown accounts are made up: kept with the accounts, so that they never change.
import { randomBytes } from "node:crypto";
import type { Storage } from "../storage/ports.ts";

/** Where it is kept: at a localpart no account can have. */
const PLACE = ["", "", "secret", "decoy"] as const;

/**
 * The secret of a storage, made on first use. A salt that changed with each restart or from node to node would tell
 * unknown accounts from known ones. @throws StoreUnavailable
 */
export async function decoySecret({ documents }: Storage): Promise<Buffer> {
  const kept = await documents.get(...PLACE);
  if (kept !== undefined) return Buffer.from(kept, "base64");
  await documents.put(...PLACE, randomBytes(32).toString("base64"));
  // Two nodes may have made one at the same time: what is kept now is the one.
  return Buffer.from((await documents.get(...PLACE)) ?? "", "base64");
}
