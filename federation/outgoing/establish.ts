// Brings a stream to another server to the point where it may be authenticated: header, features, TLS. RFC 6120 §4, §5.
import type { TLSSocket } from "node:tls";
import type { Element } from "ltx";
import {
  type HeaderOut,
  NS_DIALBACK,
  NS_SERVER,
  NS_STREAM,
  NS_TLS,
  type StreamHeader,
  TcpTransport,
  XmppStream,
} from "../../server/index.ts";
import { type FederationContext, UNAUTHENTICATED_LIMITS } from "../context.ts";
import { policyFor } from "../policy.ts";
import { type CertificateVerdict, connectOptions, peerChain, verifyPeer } from "../tls/index.ts";
import { Dialogue } from "./dialogue.ts";
import { reach, targetsOf } from "./reach.ts";
import { OutgoingFailure, type OutgoingState } from "./states.ts";

/** A stream that is open and, where policy or peer wanted it, encrypted; not yet authenticated. */
export interface Established {
  readonly stream: XmppStream;
  readonly dialogue: Dialogue;
  readonly header: StreamHeader;
  /** The peer's last features; undefined for a peer older than XMPP 1.0. */
  readonly features: Element | undefined;
  /** What the peer's certificate proves; undefined without TLS. */
  readonly certificate: CertificateVerdict | undefined;
}

/** What is told while it goes on. */
export type Progress = (state: OutgoingState) => void;

/** Opens a stream from a local domain to a remote one. @throws OutgoingFailure, StreamEnded */
export async function establish(
  context: FederationContext,
  from: string,
  to: string,
  signal: AbortSignal,
  progress: Progress,
): Promise<Established> {
  const policy = policyFor(context.config, to);
  if (policy.refuse) throw new OutgoingFailure("policy-violation", `policy refuses ${to}`);
  progress("resolving");
  const targets = await targetsOf(context, to);
  progress("connecting");
  const { socket } = await reach(context, from, to, targets, signal);
  progress("opening");
  const header: HeaderOut = { from, to, version: "1.0", prefixes: { db: NS_DIALBACK } };
  const dialogue = new Dialogue(header);
  const stream = new XmppStream(new TcpTransport(socket), NS_SERVER, UNAUTHENTICATED_LIMITS, context.clock, dialogue);
  signal.addEventListener("abort", () => stream.destroy(), { once: true });
  try {
    const opened = await openStream(stream, dialogue, header);
    return await secure(context, from, to, stream, dialogue, opened, header, progress);
  } catch (error) {
    stream.close();
    throw error;
  }
}

interface Opened {
  readonly header: StreamHeader;
  readonly features: Element | undefined;
}

/** Sends our header and reads the peer's, with its features where it is of version 1.0. */
export async function openStream(stream: XmppStream, dialogue: Dialogue, header: HeaderOut): Promise<Opened> {
  stream.open(header);
  const answer = await dialogue.nextHeader();
  if (answer.version === undefined) return { header: answer, features: undefined };
  const raw = await dialogue.nextElement();
  if (raw.name !== "features" || raw.xmlns !== NS_STREAM)
    throw new OutgoingFailure("remote-server-timeout", `expected stream features, not <${raw.name}/>`);
  return { header: answer, features: raw.toElement() };
}

async function secure(
  context: FederationContext,
  from: string,
  to: string,
  stream: XmppStream,
  dialogue: Dialogue,
  opened: Opened,
  header: HeaderOut,
  progress: Progress,
): Promise<Established> {
  const policy = policyFor(context.config, to);
  const secureContext = context.tlsContext(from);
  let { transport } = stream;
  if (!transport.encrypted && secureContext !== undefined && opened.features?.getChild("starttls", NS_TLS)) {
    progress("securing");
    stream.send(`<starttls xmlns='${NS_TLS}'/>`);
    const answer = await dialogue.nextElement();
    if (answer.name !== "proceed" || answer.xmlns !== NS_TLS)
      throw new OutgoingFailure("remote-server-timeout", "the peer refused to start TLS");
    stream.restart();
    const { servername } = connectOptions({ context: secureContext, domain: to, directTls: false });
    await transport.startTls("client", {
      context: secureContext,
      ...(servername === undefined ? {} : { servername }),
    });
    opened = await openStream(stream, dialogue, header);
    transport = stream.transport;
  }
  if (!transport.encrypted && policy.requireEncryption)
    throw new OutgoingFailure("remote-server-timeout", `${to} offers no TLS, which policy requires`);
  const certificate = transport.encrypted ? judge(context, to, transport.tls?.socket) : undefined;
  if (policy.requireValidCertificate && certificate?.kind !== "valid")
    throw new OutgoingFailure(
      "remote-server-timeout",
      `policy requires a valid certificate of ${to}: ${certificate?.reason ?? "there is no TLS"}`,
    );
  return { stream, dialogue, header: opened.header, features: opened.features, certificate };
}

/** What the certificate presented on a socket proves of a domain. */
export function judge(
  context: FederationContext,
  domain: string,
  socket: TLSSocket | undefined,
): CertificateVerdict | undefined {
  if (socket === undefined) return undefined;
  return verifyPeer(peerChain(socket), domain, context.anchors, context.clock.now());
}
