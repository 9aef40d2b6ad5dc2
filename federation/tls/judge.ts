// What a peer's certificate proves of a domain, by every way that is switched on: chain, DANE, POSH.
import type { X509Certificate } from "node:crypto";
import type { TlsaData } from "dns-packet";
import type { Clock } from "../../xmpp/clock.ts";
import type { Resolver } from "../resolver/index.ts";
import type { Anchors } from "./anchors.ts";
import { walkChain } from "./chain.ts";
import { verifyByTlsa } from "./dane.ts";
import { identifies } from "./peer-identity.ts";
import type { Posh } from "./posh.ts";
import type { CertificateVerdict } from "./verdict.ts";

/** What judging needs of its surroundings. */
export interface JudgeContext {
  readonly anchors: Anchors;
  readonly posh: Posh;
  readonly resolver: Pick<Resolver, "resolveDomain" | "tlsaOf">;
  readonly config: { readonly posh: boolean; readonly trustDnssec: boolean };
  readonly clock: Pick<Clock, "now">;
}

/** The TLSA records of the target that was connected to. */
export interface TargetRecords {
  readonly host: string;
  readonly records: readonly TlsaData[];
}

/** Targets of a domain whose TLSA records are looked at for a peer that connected to us. */
const MAX_TARGETS = 4;

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
  if (leaf === undefined) return { kind: "invalid", problem: "no-certificate", reason: "no certificate" };
  const identity = identifies(leaf, domain);
  if (identity.kind === "mismatch") return { kind: "invalid", problem: "wrong-name", reason: identity.reason };
  return { kind: "valid", path: chain.path, by: identity.by };
}

/**
 * Judges the server we connected to. Where DNSSEC gave TLSA records of the target, they alone decide (RFC 7673 §4.2);
 * else the chain, and POSH where that proves nothing.
 */
export async function judgeTarget(
  context: JudgeContext,
  domain: string,
  presented: readonly X509Certificate[],
  dane: TargetRecords | undefined,
): Promise<CertificateVerdict> {
  const { anchors, clock } = context;
  if (dane !== undefined)
    return verifyByTlsa(dane.records, presented, { names: [domain, dane.host], anchors, now: clock.now() });
  return orByPosh(context, domain, presented, verifyPeer(presented, domain, anchors, clock.now()));
}

/**
 * Judges a server that connected to us and claims to be `domain`. Where DNSSEC gave TLSA records of each of the domain's
 * targets, they alone decide; else the chain, and at once where nothing is to be asked.
 */
export function judgeClaim(
  context: JudgeContext,
  domain: string,
  presented: readonly X509Certificate[],
): CertificateVerdict | Promise<CertificateVerdict> {
  const byChain = verifyPeer(presented, domain, context.anchors, context.clock.now());
  if (presented.length === 0) return byChain;
  if (!context.config.trustDnssec && (byChain.kind === "valid" || !context.config.posh)) return byChain;
  return byRecords(context, domain, presented, byChain);
}

/** A peer that connects may show the certificate that its own targets' TLSA records name. RFC 7673 §5. */
async function byRecords(
  context: JudgeContext,
  domain: string,
  presented: readonly X509Certificate[],
  byChain: CertificateVerdict,
): Promise<CertificateVerdict> {
  const { resolver, anchors, clock } = context;
  if (context.config.trustDnssec) {
    const resolution = await resolver.resolveDomain(domain, "xmpp-server");
    const targets = resolution.kind === "targets" ? resolution.targets.slice(0, MAX_TARGETS) : [];
    let refusal: CertificateVerdict | undefined;
    let without = targets.length === 0;
    for (const target of targets) {
      const found = await resolver.tlsaOf(target);
      if (found.kind === "none") without = true;
      if (found.kind === "failed")
        refusal ??= {
          kind: "invalid",
          problem: "wrong-name",
          reason: `its TLSA records cannot be had: ${found.reason}`,
        };
      if (found.kind !== "records") continue;
      const names = [domain, target.host];
      const verdict = verifyByTlsa(found.records, presented, { names, anchors, now: clock.now() });
      if (verdict.kind === "valid") return verdict;
      refusal ??= verdict;
    }
    // A server of the domain that has no records proves itself by its chain.
    if (refusal !== undefined && !without) return refusal;
  }
  return orByPosh(context, domain, presented, byChain);
}

async function orByPosh(
  context: JudgeContext,
  domain: string,
  presented: readonly X509Certificate[],
  verdict: CertificateVerdict,
): Promise<CertificateVerdict> {
  if (verdict.kind === "valid" || !context.config.posh || presented.length === 0) return verdict;
  const byPosh = await context.posh.verify(domain, presented);
  return byPosh.kind === "valid" ? byPosh : verdict;
}
