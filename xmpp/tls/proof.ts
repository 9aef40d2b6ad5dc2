// What a TLS connection proves: who showed which certificate, and what ties other exchanges to it. RFC 5056.
import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { ownCertificate } from "./own-certificate.ts";

/** What is known of an encrypted connection, however its records are protected. */
export interface TlsProof {
  /** DER of the certificate that this side showed, for `tls-server-end-point`. RFC 5929 §4. */
  readonly ownCertificate: Buffer | undefined;
  /** The peer's certificate, whose key the handshake proved, with its issuers as the peer sent them. */
  readonly peerCertificate: X509Certificate | undefined;
  /**
   * Channel binding `tls-exporter`. RFC 9266. TLS 1.3 alone: on TLS 1.2 the exporter binds only with the extended master
   * secret (RFC 9266 §4.2, RFC 7627), and Node does not tell whether that was negotiated.
   */
  readonly exporter: Buffer | undefined;
  /**
   * The first Finished message, `tls-unique`. RFC 5929 §3. On TLS 1.2 a resumed session has none: without the extended
   * master secret two resumptions can be brought to one value (RFC 7627 §1); a full handshake's covers certificate and
   * keys.
   */
  readonly firstFinished: Buffer | undefined;
}

/** What a TLS socket proves, asked of it when it is wanted. */
export function proofOf(socket: TLSSocket): TlsProof {
  return new SocketProof(socket);
}

/** The same, apart from the socket: it lasts when that is gone. */
export function keptProof(socket: TLSSocket): TlsProof {
  return new KeptProof(new SocketProof(socket));
}

/** Bindings are kept as strings of one byte a character: a buffer costs 350 bytes beside what is in it. */
class KeptProof implements TlsProof {
  readonly ownCertificate: Buffer | undefined;
  readonly peerCertificate: X509Certificate | undefined;
  private readonly bindings: readonly [exporter: string | undefined, firstFinished: string | undefined];

  constructor({ ownCertificate: own, peerCertificate, exporter, firstFinished }: TlsProof) {
    this.ownCertificate = own;
    this.peerCertificate = peerCertificate;
    this.bindings = [exporter?.toString("latin1"), firstFinished?.toString("latin1")];
  }

  get exporter(): Buffer | undefined {
    return bytesOf(this.bindings[0]);
  }

  get firstFinished(): Buffer | undefined {
    return bytesOf(this.bindings[1]);
  }
}

function bytesOf(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text, "latin1");
}

class SocketProof implements TlsProof {
  private readonly socket: TLSSocket;

  constructor(socket: TLSSocket) {
    this.socket = socket;
  }

  get ownCertificate(): Buffer | undefined {
    return ownCertificate(this.socket);
  }

  get peerCertificate(): X509Certificate | undefined {
    return this.socket.getPeerX509Certificate();
  }

  get exporter(): Buffer | undefined {
    if (!this.isTls13) return undefined;
    try {
      return this.socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
    } catch {
      return undefined; // the connection went away meanwhile
    }
  }

  get firstFinished(): Buffer | undefined {
    if (!this.socket.isSessionReused()) return this.socket.getPeerFinished();
    return this.isTls13 ? this.socket.getFinished() : undefined;
  }

  private get isTls13(): boolean {
    return this.socket.getProtocol() === "TLSv1.3";
  }
}
