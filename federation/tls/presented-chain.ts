// The certificates a peer presented in a TLS handshake, its own first.
import { X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { MAX_PRESENTED } from "./chain.ts";

/**
 * The chain a connected socket's peer presented, at most one more than a chain may have (so that a longer one is
 * refused); empty when it presented none. Node appends issuers it knows itself: harmless, as they are trusted by our
 * own anchors or not at all. Empty too after session resumption, which our contexts therefore refuse.
 */
export function peerChain(socket: TLSSocket): X509Certificate[] {
  const leaf = socket.getPeerX509Certificate();
  if (!leaf) return [];
  const chain = [leaf];
  const seen = new Set([leaf.fingerprint256]);
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true).issuerCertificate;
  while (next?.raw && chain.length <= MAX_PRESENTED) {
    const certificate = new X509Certificate(next.raw);
    if (seen.has(certificate.fingerprint256)) break;
    seen.add(certificate.fingerprint256);
    chain.push(certificate);
    next = next.issuerCertificate;
  }
  return chain;
}
