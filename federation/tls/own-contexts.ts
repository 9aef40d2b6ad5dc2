// The contexts we present to other servers, made anew where a certificate was renewed.
import type { SecureContext } from "node:tls";
import { type Credentials, serverContext } from "./context.ts";

/** Where certificates are read; `TlsContexts` of the server, which looks at the files now and then. */
export interface CertificateSource {
  /** PEM of a certificate for a domain, and its key; undefined where there is none. */
  pem(domain: string): Credentials | undefined;
}

/** Contexts kept; beyond it they are made again. */
const LIMIT = 1_000;

/** Contexts by certificate. */
export class OwnContexts {
  private readonly source: CertificateSource;
  private readonly made = new Map<string, SecureContext>();

  constructor(source: CertificateSource) {
    this.source = source;
  }

  /**
   * The context for a domain of ours, or a name that a peer asks for: its own certificate, or that of the domain above
   * it, which encrypts although it proves nothing (a service without certificate then uses dialback).
   */
  of(domain: string): SecureContext | undefined {
    const pem = this.pemAbove(domain);
    if (pem === undefined) return undefined;
    let context = this.made.get(pem.certificate);
    if (context === undefined) {
      if (this.made.size >= LIMIT) this.made.clear();
      context = serverContext(pem);
      this.made.set(pem.certificate, context);
    }
    return context;
  }

  /** PEM of the certificate of a domain of ours, with its intermediates; never that of the domain above it. */
  pemOf(domain: string): string | undefined {
    return this.source.pem(domain)?.certificate;
  }

  private pemAbove(domain: string): Credentials | undefined {
    for (let name = domain; name !== ""; name = name.slice(name.indexOf(".") + 1)) {
      const pem = this.source.pem(name);
      if (pem !== undefined) return pem;
      if (!name.includes(".")) return undefined;
    }
    return undefined;
  }
}
