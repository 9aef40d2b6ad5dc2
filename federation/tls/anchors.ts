// The roots we trust: the public ones that Node brings, and those an operator adds (the world's own authority).
import type { X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";
import { certificatesOf } from "../../server/index.ts";

/** Which roots to trust. */
export interface AnchorOptions {
  /** PEM texts, each with one certificate or more; the public roots of Node by default. */
  readonly roots?: readonly string[] | undefined;
  /** PEM texts trusted besides. */
  readonly extra?: readonly string[] | undefined;
}

/** PEM of the authorities that an operator trusts: the public ones, where they count, and his own. */
export function rootsOf(publicAuthorities: boolean, extra: readonly string[]): readonly string[] {
  return publicAuthorities ? [...rootCertificates, ...extra] : extra;
}

/** A set of trusted certificates, found by name or by what they are. */
export class Anchors {
  readonly #bySubject = new Map<string, X509Certificate[]>();
  readonly #fingerprints = new Set<string>();

  constructor(certificates: Iterable<X509Certificate>) {
    for (const certificate of certificates) {
      if (this.#fingerprints.has(certificate.fingerprint256)) continue;
      this.#fingerprints.add(certificate.fingerprint256);
      const named = this.#bySubject.get(certificate.subject);
      if (named) named.push(certificate);
      else this.#bySubject.set(certificate.subject, [certificate]);
    }
  }

  /** Whether this very certificate is trusted. */
  has(certificate: X509Certificate): boolean {
    return this.#fingerprints.has(certificate.fingerprint256);
  }

  /** The anchors that bear the name of the certificate's issuer. */
  issuersOf(certificate: X509Certificate): readonly X509Certificate[] {
    return this.#bySubject.get(certificate.issuer) ?? [];
  }
}

/** Reads the roots; some 20 ms for the public ones. Throws when a PEM text holds no certificate or a broken one. */
export function openAnchors(options: AnchorOptions = {}): Anchors {
  const texts = [...(options.roots ?? rootCertificates), ...(options.extra ?? [])];
  return new Anchors(texts.flatMap(certificatesOf));
}
