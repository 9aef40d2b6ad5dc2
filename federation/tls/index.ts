// Who a peer is by its certificate: one question, with the answer in plain words.
import type { X509Certificate } from "node:crypto";
import type { Anchors } from "./anchors.ts";
import { type ChainProblem, walkChain } from "./chain.ts";
import { type IdentityVerdict, identifies } from "./peer-identity.ts";

export { type AnchorOptions, Anchors, openAnchors, readPem } from "./anchors.ts";
export { type ChainProblem, type ChainVerdict, MAX_PRESENTED, walkChain } from "./chain.ts";
export {
  ALPN_SERVER,
  acceptOptions,
  type Credentials,
  connectOptions,
  contextOptions,
  serverContext,
} from "./context.ts";
export { domainsOf, type IdentityVerdict, identifies } from "./peer-identity.ts";
export { peerChain } from "./presented-chain.ts";

/** What a peer's certificate proves of one domain. */
export type CertificateVerdict =
  | {
      readonly kind: "valid";
      readonly path: readonly X509Certificate[];
      readonly by: Extract<IdentityVerdict, { kind: "match" }>["by"];
    }
  | { readonly kind: "invalid"; readonly problem: ChainProblem | "wrong-name"; readonly reason: string };

/** Whether `presented` (see `peerChain`) proves at `now` (ms) that the peer is `domain`: chain first, then identity. */
export function verifyPeer(
  presented: readonly X509Certificate[],
  domain: string,
  anchors: Anchors,
  now: number,
): CertificateVerdict {
  const chain = walkChain(presented, anchors, now);
  if (chain.kind === "untrusted") return { kind: "invalid", problem: chain.problem, reason: chain.reason };
  const [leaf] = chain.path;
  const identity: IdentityVerdict = leaf ? identifies(leaf, domain) : { kind: "mismatch", reason: "no certificate" };
  if (identity.kind === "mismatch") return { kind: "invalid", problem: "wrong-name", reason: identity.reason };
  return { kind: "valid", path: chain.path, by: identity.by };
}
