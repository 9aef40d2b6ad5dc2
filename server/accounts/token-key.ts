// The key from which tokens for fast re-authentication are derived: outside the database where it can be.
import { hkdfSync } from "node:crypto";
import type { NodeConfig } from "../../contract/contract.ts";
import { readSecret } from "../../contract/secret.ts";
import type { Stores } from "../ports/store.ts";
import { storedSecret } from "./stored-secret.ts";

/** What of the configuration it looks at. */
type Looked = {
  readonly authentication: Pick<NodeConfig["authentication"], "tokenSecret">;
  readonly federation: Pick<NodeConfig["federation"], "dialbackSecret">;
};

/**
 * From `authentication.tokenSecret`, else from the dialback secret (each is shared by all nodes and in no database),
 * else from a secret of the storage: then a leak of the database is one of the tokens as well.
 * @throws ConfigError, StoreUnavailable
 */
export async function tokenKey({ authentication, federation }: Looked, storage: Stores): Promise<Buffer> {
  const { tokenSecret } = authentication;
  const { dialbackSecret } = federation;
  if (tokenSecret !== undefined) return derived(readSecret(tokenSecret, "authentication.tokenSecret"));
  if (dialbackSecret !== undefined) return derived(readSecret(dialbackSecret, "federation.dialbackSecret"));
  return derived(await storedSecret(storage, "tokens"));
}

function derived(secret: string | Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", "meridian fast tokens", 32));
}
