// Brings a stream to another server to the point where it may be authenticated: header, features, TLS. RFC 6120 §4, §5.
import type { Element } from "ltx";
import type { HeaderOut } from "../../xmpp/stream/header.ts";
import { type StreamEnd, XmppStream } from "../../xmpp/stream/stream.ts";
import { TcpTransport } from "../../xmpp/stream/tcp.ts";
import { NS_DIALBACK, NS_SERVER, NS_STREAM, NS_TLS } from "../../xmpp/xml/namespaces.ts";
import type { StreamHeader } from "../../xmpp/xml/tokenizer.ts";
import type { Target } from "../resolver/index.ts";
import { type CertificateVerdict, connectOptions, judgeTarget, peerChain } from "../tls/index.ts";
import { type FederationContext, OPENING_LIMITS } from "../way/context.ts";
import { OutgoingFailure, type Progress } from "../way/progress.ts";
import { Dialogue, StreamEnded } from "./dialogue.ts";
import { type Reached, reach, targetsOf } from "./reach.ts";
import { raceTargets } from "./target-race.ts";

/** A stream that is open and, where policy or peer wanted it, encrypted; not yet authenticated. */
export interface Established {
  readonly stream: XmppStream;
  readonly dialogue: Dialogue;
  readonly header: StreamHeader;
  /** The peer's last features; undefined for a peer older than XMPP 1.0. */
  readonly features: Element | undefined;
  /** What the peer's certificate proves; undefined without TLS. */
  readonly certificate: CertificateVerdict | undefined;
  readonly reached: Reached;
}

/** What is told to go on with. */
export interface EstablishOptions {
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Places to try instead of what DNS says: after `see-other-host`. */
  readonly targets?: readonly Target[] | undefined;
  /** Text to send right behind the header of an encrypted stream, for a peer known to take it (see `pipelining`). */
  readonly ahead?: string | undefined;
}

/** Times that a peer may send us elsewhere. RFC 6120 §4.9.3.19. */
const MAX_REDIRECTS = 2;

/** Opens a stream from a local domain to a remote one. @throws OutgoingFailure, StreamEnded */
export async function establish(
  context: FederationContext,
  from: string,
  to: string,
  options: EstablishOptions,
): Promise<Established> {
  const { progress } = options;
  const policy = context.policy(to);
  if (policy.refuse) throw new OutgoingFailure("policy-violation", `${policy.rule} refuses ${to}`);
  progress.enter("resolving");
  const found = options.targets ?? (await targetsOf(context, to, progress));
  const targets = context.health.order(to, found);
  return raceTargets(context, to, targets, options, (target, attempt) =>
    openThrough(context, from, to, target, { ...options, ...attempt }),
  );
}

/** Opens a stream at a target, or where that one sends us. @throws OutgoingFailure, StreamEnded, Unreached */
async function openThrough(
  context: FederationContext,
  from: string,
  to: string,
  first: Target,
  options: EstablishOptions,
): Promise<Established> {
  let target = first;
  for (let redirects = 0; ; redirects++) {
    try {
      return await open(context, from, to, target, options);
    } catch (error) {
      const other = error instanceof StreamEnded ? otherHost(error.end) : undefined;
      if (other === undefined || redirects >= MAX_REDIRECTS || options.signal.aborted) throw error;
      options.progress.note("sent elsewhere", { host: other.host, port: other.port });
      target = other;
    }
  }
}

async function open(
  context: FederationContext,
  from: string,
  to: string,
  target: Target,
  options: EstablishOptions,
): Promise<Established> {
  const { signal, progress, ahead } = options;
  progress.enter("connecting");
  const reached = await reach(context, from, to, target, signal, progress);
  const header: HeaderOut = { from, to, version: "1.0", prefixes: { db: NS_DIALBACK } };
  const dialogue = new Dialogue(header);
  const transport = new TcpTransport(reached.socket);
  const stream = new XmppStream(transport, NS_SERVER, OPENING_LIMITS, context.clock, dialogue);
  signal.addEventListener("abort", () => stream.destroy(), { once: true });
  if (signal.aborted) stream.destroy();
  try {
    progress.enter("opening");
    const opened = await openStream(stream, dialogue, header, stream.transport.encrypted ? ahead : undefined);
    noteOpened(progress, opened);
    return await secure(context, from, to, stream, dialogue, opened, reached, options);
  } catch (error) {
    stream.close();
    if (reached.dane !== undefined && error instanceof StreamEnded && otherHost(error.end) !== undefined)
      await beBelieved(context, to, stream, reached);
    throw error;
  }
}

/**
 * Where DNSSEC says which certificate a server has, nobody without that certificate sends us elsewhere: it would be a way
 * round the records. RFC 7673 §3.3. @throws OutgoingFailure
 */
async function beBelieved(
  context: FederationContext,
  to: string,
  { transport }: XmppStream,
  { dane }: Reached,
): Promise<void> {
  const chain = transport.tls === undefined ? [] : peerChain(transport.tls.socket);
  const verdict = await judgeTarget(context, to, chain, dane);
  if (verdict.kind === "invalid")
    throw new OutgoingFailure("remote-server-timeout", `see-other-host is not believed: ${verdict.reason}`);
}

interface Opened {
  readonly header: StreamHeader;
  readonly features: Element | undefined;
}

/** Sends our header (and `ahead` with it) and reads the peer's, with its features where it is of version 1.0. */
export async function openStream(
  stream: XmppStream,
  dialogue: Dialogue,
  header: HeaderOut,
  ahead?: string,
): Promise<Opened> {
  stream.open(header);
  if (ahead !== undefined) stream.send(ahead);
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
  reached: Reached,
  { progress, ahead }: EstablishOptions,
): Promise<Established> {
  const policy = context.policy(to);
  const secureContext = context.tlsContext(from);
  const header: HeaderOut = { from, to, version: "1.0", prefixes: { db: NS_DIALBACK } };
  if (!stream.transport.encrypted && opened.features?.getChild("starttls", NS_TLS)) {
    if (secureContext === undefined) progress.note("no TLS", { reason: `${from} has no certificate` });
    else {
      progress.enter("securing");
      stream.send(`<starttls xmlns='${NS_TLS}'/>`);
      const answer = await dialogue.nextElement();
      if (answer.name !== "proceed" || answer.xmlns !== NS_TLS)
        throw new OutgoingFailure("remote-server-timeout", `${to} refused to start TLS`);
      // RFC 6120 §5.4.3.3.
      stream.discard();
      dialogue.forget();
      stream.restart();
      const { servername } = connectOptions({ context: secureContext, domain: to, directTls: false });
      await stream.transport.startTls("client", {
        context: secureContext,
        ...(servername === undefined ? {} : { servername }),
      });
      opened = await openStream(stream, dialogue, header, ahead);
      noteOpened(progress, opened);
    }
  }
  const { transport } = stream;
  if (!transport.encrypted && reached.dane !== undefined)
    throw new OutgoingFailure("remote-server-timeout", `there is no TLS with ${to}, whose TLSA records promise it`);
  if (!transport.encrypted && policy.requireEncryption)
    throw new OutgoingFailure("remote-server-timeout", `there is no TLS with ${to}, which ${policy.rule} require`);
  let certificate: CertificateVerdict | undefined;
  if (transport.tls !== undefined) {
    const { socket, protocol, cipher } = transport.tls;
    certificate = await judgeTarget(context, to, peerChain(socket), reached.dane);
    const what = certificate.kind === "valid" ? { by: certificate.by } : { reason: certificate.reason };
    progress.note("certificate", { protocol, cipher, valid: certificate.kind === "valid", ...what });
    if (reached.dane !== undefined && certificate.kind === "invalid")
      throw new OutgoingFailure("remote-server-timeout", certificate.reason);
  }
  if (policy.requireValidCertificate && certificate?.kind !== "valid")
    throw new OutgoingFailure(
      "remote-server-timeout",
      `${policy.rule} require a valid certificate of ${to}: ${certificate?.reason ?? "there is no TLS"}`,
    );
  return { stream, dialogue, header: opened.header, features: opened.features, certificate, reached };
}

function noteOpened(progress: Progress, { header, features }: Opened): void {
  const offered = features?.getChildElements().map((child) => child.getName());
  progress.note("opened", { id: header.id, version: header.version, features: offered?.join(" ") });
}

/** Where a `see-other-host` sends us; undefined for another error, or for what is no place. */
export function otherHost(end: StreamEnd): Target | undefined {
  if (end.kind !== "peer-error" || end.error.condition !== "see-other-host") return undefined;
  const text = end.error.content?.trim() ?? "";
  const [, bracketed, plain, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s/:[\]]+))(?::([0-9]{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = Number(port ?? 5269);
  if (host === undefined || number < 1 || number > 65_535) return undefined;
  return { host, port: number, directTls: false, priority: 0, weight: 0, authenticated: false };
}
