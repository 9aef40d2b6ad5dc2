// Failures of a SASL exchange. RFC 6120 §6.5.
import type { SaslCondition, SaslFailure } from "./mechanism.ts";

/** A failure; `account` is the bare JID that was tried, for the throttle. */
export function failure(condition: SaslCondition, account?: string): SaslFailure {
  return account === undefined ? { kind: "failure", condition } : { kind: "failure", condition, account };
}

/** The answer to everything after an exchange's end, or before an earlier step's answer. */
export const OUT_OF_TURN: SaslFailure = failure("malformed-request");
