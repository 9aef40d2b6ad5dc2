// What a peer's certificate proves of a domain, whichever way it was judged.
import type { X509Certificate } from "node:crypto";
import type { ChainProblem } from "./chain.ts";

/**
 * `by` tells what proved it: a name of a certificate with a trusted chain, a TLSA record, or a POSH document. `reason`
 * is a sentence an operator can act on.
 */
export type CertificateVerdict =
  | {
      readonly kind: "valid";
      readonly path: readonly X509Certificate[];
      readonly by: "dNSName" | "SRVName" | "xmppAddr" | "TLSA" | "POSH";
    }
  | { readonly kind: "invalid"; readonly problem: ChainProblem | "wrong-name"; readonly reason: string };
