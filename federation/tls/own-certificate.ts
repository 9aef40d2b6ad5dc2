// What other servers will think of a certificate of ours, before any of them is asked.
import type { X509Certificate } from "node:crypto";
import { certificatesOf } from "../../server/index.ts";
import type { Anchors } from "./anchors.ts";
import { readExtensions } from "./extensions.ts";
import { verifyPeer } from "./judge.ts";
import { identifies } from "./peer-identity.ts";

/** What is known of a certificate of ours. */
export interface OwnCertificate {
  /** Why servers that trust whom we trust do not take it as proof of the domain; undefined where they do. */
  readonly reason: string | undefined;
  /** Nobody takes it: its time or its name is wrong, or it is none. */
  readonly useless: boolean;
  /**
   * It is for servers alone (no clientAuth purpose), as public authorities issue them since 2026: peers that check the
   * purpose do not take it on streams that we open.
   */
  readonly serverOnly: boolean;
}

const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const ANY_PURPOSE = "2.5.29.37.0";

/** Problems that no trust in whoever issued it mends. */
const USELESS: ReadonlySet<string> = new Set(["expired", "not-yet-valid", "wrong-name", "no-certificate", "malformed"]);

/** Judges the PEM of a certificate and its intermediates for a domain, at `now` (ms), as a peer with our anchors would. */
export function judgeOwnCertificate(pem: string, domain: string, anchors: Anchors, now: number): OwnCertificate {
  let chain: X509Certificate[];
  try {
    chain = certificatesOf(pem);
  } catch (error) {
    return { reason: (error as Error).message, useless: true, serverOnly: false };
  }
  const [leaf] = chain;
  const verdict = verifyPeer(chain, domain, anchors, now);
  if (leaf === undefined || (verdict.kind === "invalid" && USELESS.has(verdict.problem)))
    return { reason: verdict.kind === "invalid" ? verdict.reason : "it is empty", useless: true, serverOnly: false };
  const reason = verdict.kind === "valid" ? undefined : verdict.reason;
  // A name is wrong whoever issued it, and is looked at last.
  const identity = identifies(leaf, domain);
  if (identity.kind === "mismatch") return { reason: identity.reason, useless: true, serverOnly: isServerOnly(leaf) };
  return { reason, useless: false, serverOnly: isServerOnly(leaf) };
}

function isServerOnly(leaf: X509Certificate): boolean {
  const { purposes } = readExtensions(leaf);
  return purposes !== undefined && !purposes.includes(CLIENT_AUTH) && !purposes.includes(ANY_PURPOSE);
}
