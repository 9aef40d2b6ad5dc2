// Whether a policy is content with an outgoing stream that is there: the question a changed policy asks.
import type { Policy } from "../way/policy.ts";
import type { OutgoingStream } from "./stream.ts";

/** True where stanzas to `domain` may go over `stream`, which a policy before this one allowed. */
export function permits(policy: Policy, stream: OutgoingStream, domain: string): boolean {
  if (policy.refuse || (policy.requireEncryption && !stream.carrier.stream.transport.encrypted)) return false;
  const own = stream.to === domain;
  // The certificate was held against the stream's own domain.
  if (policy.requireValidCertificate && !(own && stream.certificate?.kind === "valid")) return false;
  if (policy.sendDialback) return true;
  return own && stream.method === "external" && stream.otherPairs.size === 0;
}
