// Brings a stream to another server to the point where it may be authenticated: header, features, TLS. RFC 6120 §4, §5.
import { Dialogue, StreamEnded } from "../../xmpp/negotiation/dialogue.ts";
import { negotiate } from "../../xmpp/negotiation/initiating.ts";
import { type StreamEnd, XmppStream } from "../../xmpp/stream/stream.ts";
import { TcpTransport } from "../../xmpp/stream/tcp.ts";
import { NS_SERVER } from "../../xmpp/xml/namespaces.ts";
import { type Ahead, Opening } from "../negotiation/opening.ts";
import { STARTTLS } from "../negotiation/starttls.ts";
import type { Target } from "../resolver/index.ts";
import { type CertificateVerdict, judgeTarget, peerChain } from "../tls/index.ts";
import { OPENING_LIMITS } from "../way/limits.ts";
import { OutgoingFailure } from "../way/progress.ts";
import type { Way } from "../way/way.ts";
import { reach, targetsOf } from "./reach.ts";
import { raceTargets, type TargetAttempt } from "./target-race.ts";

/** What is told to go on with. */
export interface EstablishOptions {
  readonly signal: AbortSignal;
  /** Places to try instead of what DNS says: after `see-other-host`. */
  readonly targets?: readonly Target[] | undefined;
  /** What to send right behind the header of an encrypted stream, for a peer known to take it (see `pipelining`). */
  readonly ahead?: Ahead | undefined;
}

/** Times that a peer may send us elsewhere. RFC 6120 §4.9.3.19. */
const MAX_REDIRECTS = 2;

/**
 * Opens a stream on a way: where policy or peer wanted it, it is encrypted; not yet authenticated.
 * @throws OutgoingFailure, StreamEnded
 */
export async function establish(way: Way, options: EstablishOptions): Promise<Opening> {
  const { policy, progress, remote, context } = way;
  if (policy.refuse) throw new OutgoingFailure("policy-violation", `${policy.rule} refuses ${remote}`);
  progress.enter("resolving");
  const found = options.targets ?? (await targetsOf(way));
  const targets = context.health.order(remote, found);
  const opening = await raceTargets(way, targets, options.signal, (target, attempt) =>
    openThrough(target, attempt, options.ahead),
  );
  opening.way = way;
  return opening;
}

/** Opens a stream at a target, or where that one sends us. @throws OutgoingFailure, StreamEnded, Unreached */
async function openThrough(first: Target, attempt: TargetAttempt, ahead: Ahead | undefined): Promise<Opening> {
  let target = first;
  for (let redirects = 0; ; redirects++) {
    try {
      return await openAt(target, attempt, ahead);
    } catch (error) {
      const other = error instanceof StreamEnded ? otherHost(error.end) : undefined;
      if (other === undefined || redirects >= MAX_REDIRECTS || attempt.signal.aborted) throw error;
      attempt.way.progress.note("sent elsewhere", { host: other.host, port: other.port });
      target = other;
    }
  }
}

async function openAt(target: Target, { way, signal }: TargetAttempt, ahead: Ahead | undefined): Promise<Opening> {
  const { context, progress } = way;
  progress.enter("connecting");
  const reached = await reach(way, target, signal);
  const dialogue = new Dialogue(way.header);
  const transport = new TcpTransport(reached.socket);
  const stream = new XmppStream(transport, {
    contentNamespace: NS_SERVER,
    limits: OPENING_LIMITS,
    clock: context.clock,
    handler: dialogue,
  });
  signal.addEventListener("abort", () => stream.destroy(), { once: true });
  if (signal.aborted) stream.destroy();
  const opening = new Opening(way, { stream, dialogue, reached, ahead });
  try {
    progress.enter("opening");
    await opening.open();
    await negotiate([STARTTLS], opening);
    await judge(opening);
    return opening;
  } catch (error) {
    stream.close();
    if (error instanceof StreamEnded && otherHost(error.end) !== undefined) await beBelieved(opening);
    throw error;
  }
}

/**
 * Where DNSSEC says which certificate a server has, nobody without that certificate sends us elsewhere: it would be a way
 * round the records. RFC 7673 §3.3. @throws OutgoingFailure
 */
async function beBelieved({ way, stream: { transport }, reached: { dane } }: Opening): Promise<void> {
  if (dane === undefined) return;
  const chain = transport.tls?.socket === undefined ? [] : peerChain(transport.tls.socket);
  const verdict = await judgeTarget(way.context, way.remote, chain, dane);
  if (verdict.kind === "invalid")
    throw new OutgoingFailure("remote-server-timeout", `see-other-host is not believed: ${verdict.reason}`);
}

/** Whether what came about is what policy, and DNSSEC, ask for. @throws OutgoingFailure */
async function judge(opening: Opening): Promise<void> {
  const { way, stream, reached } = opening;
  const { policy, remote } = way;
  const { encrypted } = stream.transport;
  const fail = (reason: string) => {
    throw new OutgoingFailure("remote-server-timeout", reason);
  };
  if (!encrypted && reached.dane !== undefined) fail(`there is no TLS with ${remote}, whose TLSA records promise it`);
  if (!encrypted && policy.requireEncryption) fail(`there is no TLS with ${remote}, which ${policy.rule} require`);
  const certificate = await certificateOf(opening);
  opening.certificate = certificate;
  if (reached.dane !== undefined && certificate?.kind === "invalid") fail(certificate.reason);
  if (policy.requireValidCertificate && certificate?.kind !== "valid")
    fail(`${policy.rule} require a valid certificate of ${remote}: ${certificate?.reason ?? "there is no TLS"}`);
}

/** What the peer's certificate proves; undefined without TLS. */
async function certificateOf({ way, stream, reached }: Opening): Promise<CertificateVerdict | undefined> {
  const socket = stream.transport.tls?.socket;
  if (socket === undefined) return undefined;
  const certificate = await judgeTarget(way.context, way.remote, peerChain(socket), reached.dane);
  const what = certificate.kind === "valid" ? { by: certificate.by } : { reason: certificate.reason };
  const [protocol, cipher] = [socket.getProtocol() ?? "", socket.getCipher().name];
  way.progress.note("certificate", { protocol, cipher, valid: certificate.kind === "valid", ...what });
  return certificate;
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
