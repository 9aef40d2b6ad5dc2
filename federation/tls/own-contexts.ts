// The contexts we present to other servers, made anew where a certificate was renewed.
import type { SecureContext } from "node:tls";
import { type Credentials, serverContext } from "./context.ts";

/** Where certificates are read; `TlsContexts` of the server, which looks at the files now and then. */
export interface CertificateSource {
  /** PEM of a domain's certificate and key; undefined where it has none. */
  pem(domain: string): Credentials | undefined;
}

/** Contexts by local domain. */
export class OwnContexts {
  private readonly source: CertificateSource;
  private readonly made = new Map<string, { readonly certificate: string; readonly context: SecureContext }>();

  constructor(source: CertificateSource) {
    this.source = source;
  }

  /** The context of a domain of ours; undefined for a name that has no certificate here. */
  of(domain: string): SecureContext | undefined {
    const pem = this.source.pem(domain);
    if (pem === undefined) return undefined;
    const known = this.made.get(domain);
    if (known?.certificate === pem.certificate) return known.context;
    const context = serverContext(pem);
    this.made.set(domain, { certificate: pem.certificate, context });
    return context;
  }
}
