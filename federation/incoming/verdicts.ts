// What the certificate of one stream's peer proves, of each domain it was asked about, once.
import type { XmppStream } from "../../xmpp/stream/stream.ts";
import { type CertificateVerdict, judgeClaim, peerChain } from "../tls/index.ts";
import type { FederationContext } from "../way/context.ts";

/** Domains whose verdict is remembered. */
const LIMIT = 100;

/** The verdicts on one stream's certificate. */
export class Verdicts {
  private readonly context: FederationContext;
  private readonly stream: XmppStream;
  private readonly known = new Map<string, CertificateVerdict | Promise<CertificateVerdict>>();

  constructor(context: FederationContext, stream: XmppStream) {
    this.context = context;
    this.stream = stream;
  }

  /** What it proves of a domain; undefined without TLS. */
  of(domain: string): CertificateVerdict | Promise<CertificateVerdict> | undefined {
    const socket = this.stream.transport.tls?.socket;
    if (socket === undefined) return undefined;
    let verdict = this.known.get(domain);
    if (verdict !== undefined) return verdict;
    verdict = judgeClaim(this.context, domain, peerChain(socket));
    if (this.known.size >= LIMIT) return verdict;
    this.known.set(domain, verdict);
    if (verdict instanceof Promise) void verdict.then((settled) => this.known.set(domain, settled));
    return verdict;
  }
}
