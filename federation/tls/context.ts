// TLS settings of S2S for both sides: what we present, and that we judge the peer's certificate ourselves.
import { constants } from "node:crypto";
import {
  type ConnectionOptions,
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocketOptions,
} from "node:tls";
import { dnsName, ipLiteral } from "../resolver/name.ts";

/** The protocol id of direct TLS between servers (XEP-0368 §3). */
export const ALPN_SERVER = "xmpp-server";

/** What a domain presents: PEM, the certificate followed by its intermediates. */
export interface Credentials {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Options of the context: TLS 1.2 and up with the suites of Node that have forward secrecy, and no session tickets: a
 * resumed session keeps only the peer's leaf, and the walk needs its whole chain.
 */
export function contextOptions(credentials: Credentials | undefined): SecureContextOptions {
  return {
    ...(credentials && { cert: credentials.certificate, key: credentials.key }),
    minVersion: "TLSv1.2",
    ciphers: "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20",
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** One context for a local domain, for both sides; make it once and again when the certificate is renewed. */
export function serverContext(credentials: Credentials | undefined): SecureContext {
  return createSecureContext(contextOptions(credentials));
}

/**
 * Options of the accepting side. `context` is for peers that send no SNI, `contextFor` chooses by SNI (undefined: the
 * default). The peer's certificate is asked for and never checked here: `rejectUnauthorized` would refuse a peer whose
 * authority no longer issues clientAuth. With `directTls` ALPN must be "xmpp-server" where the peer sends any.
 */
export function acceptOptions(settings: {
  readonly context: SecureContext;
  readonly contextFor?: ((domain: string) => SecureContext | undefined) | undefined;
  readonly directTls: boolean;
}): TLSSocketOptions & { isServer: true } {
  const { context, contextFor, directTls } = settings;
  return {
    isServer: true,
    requestCert: true,
    rejectUnauthorized: false,
    secureContext: context,
    ...(contextFor && { SNICallback: (name, done) => done(null, contextFor(name.toLowerCase()) ?? context) }),
    ...(directTls && { ALPNProtocols: [ALPN_SERVER] }),
  };
}

/**
 * Options of the connecting side, for `tls.connect` with `socket` (STARTTLS) or host and port. SNI is the domain
 * itself, never the target's host name (RFC 6120 §5.4.3.3, XEP-0368 §3); an IP literal sends none (RFC 6066 §3).
 */
export function connectOptions(settings: {
  readonly context: SecureContext;
  readonly domain: string;
  readonly directTls: boolean;
}): ConnectionOptions {
  const { context, domain, directTls } = settings;
  const name = ipLiteral(domain) === undefined ? dnsName(domain) : undefined;
  return {
    secureContext: context,
    rejectUnauthorized: false,
    // The walk checks identity; Node's own check would look at nothing more once unauthorised peers are let through.
    checkServerIdentity: () => undefined,
    ...(name !== undefined && { servername: name }),
    ...(directTls && { ALPNProtocols: [ALPN_SERVER] }),
  };
}
