// Who a peer is by its certificate: one question, with the answer in plain words.
export { type AnchorOptions, Anchors, openAnchors, rootsOf } from "./anchors.ts";
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
export { type JudgeContext, judgeClaim, judgeTarget, type TargetRecords, verifyPeer } from "./judge.ts";
export { judgeOwnCertificate, type OwnCertificate } from "./own-certificate.ts";
export { type CertificateSource, OwnContexts } from "./own-contexts.ts";
export { domainsOf, type IdentityVerdict, identifies } from "./peer-identity.ts";
export { createPosh, type Posh } from "./posh.ts";
export { peerChain } from "./presented-chain.ts";
export type { CertificateVerdict } from "./verdict.ts";
