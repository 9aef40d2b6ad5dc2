// Authentication by the SCRAM keys in this server's own store.
import { SCRAM_HASHES } from "../../sasl/scram-keys.ts";
import type { Accounts } from "../accounts.ts";
import type { AuthenticationProvider } from "./provider.ts";

/** The accounts of the store as a provider. */
export function storedProvider(accounts: Accounts, domains?: readonly string[]): AuthenticationProvider {
  return {
    name: "stored",
    domains,
    hashes: SCRAM_HASHES,
    scramKeys: (domain, local, hash) => accounts.scramKeys(domain, local, hash),
    checkPassword: (domain, local, password, fitted) => accounts.checkPassword(domain, local, password, fitted),
    exists: (domain, local) => accounts.exists(domain, local),
  };
}
