// Who a peer is by its certificate: one question, with the answer in plain words.
import type { X509Certificate } from "node:crypto";
import type { Anchors } from "./anchors.ts";
import { walkChain } from "./chain.ts";
import { type IdentityVerdict, identifies } from "./peer-identity.ts";
import type { CertificateVerdict } from "./verdict.ts";

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
export { type DaneSettings, verifyByTlsa } from "./dane.ts";
export { createHttpsGet, type HttpsAnswer, type HttpsGet, type HttpsGetOptions } from "./https-get.ts";
export { domainsOf, type IdentityVerdict, identifies } from "./peer-identity.ts";
export { createPosh, type Posh } from "./posh.ts";
export { peerChain } from "./presented-chain.ts";
export type { CertificateVerdict } from "./verdict.ts";

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
