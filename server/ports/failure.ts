// What a failure says to whoever sent the stanza, and whether the store is away.
import { StanzaError } from "../../xmpp/stanza/error.ts";
import { PasswordError } from "./account-errors.ts";
import { ExclusiveUnavailable } from "./exclusive.ts";
import { StoreUnavailable } from "./store.ts";

/** True for the failure of a store that is down or too slow. */
export function isStoreAway(error: unknown): error is StoreUnavailable {
  return error instanceof StoreUnavailable;
}

/**
 * What a sender is told of a failure: what a handler says itself, and else fixed words. What a driver or a database
 * said (statements, names, addresses) is for the log alone.
 */
export function failureOf(error: unknown): StanzaError {
  if (error instanceof StanzaError) return error;
  if (error instanceof ExclusiveUnavailable)
    return new StanzaError("resource-constraint", "it cannot be done right now; try again");
  if (isStoreAway(error)) return new StanzaError("resource-constraint", "storage does not answer; try again");
  if (error instanceof PasswordError) return new StanzaError("not-acceptable", error.message);
  return new StanzaError("internal-server-error");
}
