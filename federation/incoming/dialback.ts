// Dialback on incoming streams: as receiving server, and as authoritative server. XEP-0220 §2.2, §2.4.
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import { verifyWithAuthority } from "../connecting/verify.ts";
import {
  answerAddresses,
  type DialbackCondition,
  dialbackErrorText,
  dialbackPair,
  verifyAnswer,
} from "../dialback/answer.ts";
import type { Claim, Verdict, Verifications } from "../dialback/verifications.ts";
import { Way } from "../way/way.ts";
import type { IncomingObserver } from "./observer.ts";
import type { IncomingStream } from "./stream.ts";

/** Keys of one stream that may be in verification at one time. */
const MAX_VERIFYING = 16;

/** What a peer is told of a verification that failed, by how far it came. */
const VERIFICATION_TEXTS: Readonly<Partial<Record<DialbackCondition, string>>> = {
  "remote-connection-failed": "no server that could verify the key was reached",
  "remote-server-not-found": "no server that could verify the key was found",
  "remote-server-timeout": "the server that should verify the key did not",
  "policy-violation": "federation with that domain is refused",
};

/** Takes `<db:result/>` or `<db:verify/>`. */
export function acceptDialback(
  session: IncomingStream,
  raw: RawElement,
  observer: Pick<IncomingObserver, "verifications">,
): void {
  const { context, stream } = session;
  const pair = dialbackPair(raw);
  if (pair === undefined) return stream.fail("improper-addressing", "dialback needs `from` and `to`");
  // An answer to a question that we never ask on this stream. XEP-0220 §3.1.
  if (raw.attr("type") !== undefined) return;
  const { from, to } = pair;
  if (raw.name === "verify") return stream.send(verifyAnswer(context, raw, from, to));
  if (raw.name !== "result") return stream.fail("unsupported-stanza-type");
  const way = new Way(context, to, from);
  const refusal = refusalOf(session, way);
  if (refusal !== undefined) return refuse(session, way, refusal);
  const claim = { receiving: to, originating: from, streamId: session.id, key: raw.toElement().getText().trim() };
  void receive(session, way, claim, observer.verifications(from));
}

/** We are receiving: the certificate proves it, or the authoritative server is asked. XEP-0220 §2.2.2. */
async function receive(
  session: IncomingStream,
  way: Way,
  claim: Claim,
  existing: Verifications | undefined,
): Promise<void> {
  const { context, stream } = session;
  const pair = `${way.remote} ${way.local}`;
  const place = session.placeForVerification();
  if (place === undefined)
    return refuse(session, way, refusal("resource-constraint", "too many keys from that network"));
  session.verifying.add(pair);
  try {
    if (!way.policy.allowDialback) {
      // The key proves too little, and the certificate may prove it without. XEP-0220 §2.2.2: any method will do.
      const certificate = await session.verdicts.of(way.remote);
      if (certificate?.kind === "valid") return accept(session, way, "certificate");
      return refuse(session, way, refusal("not-authorized", certificate?.reason ?? "there is no TLS"));
    }
    const verdict: Verdict = await verifyWithAuthority(context, claim, existing);
    if (!stream.writable) return;
    // The stream began anew meanwhile: the key is of the one before.
    if (session.id !== claim.streamId) return;
    conclude(session, way, verdict);
  } catch (error) {
    session.crashed(error);
    if (stream.writable) stream.fail("internal-server-error");
  } finally {
    place.release();
    session.verifying.delete(pair);
  }
}

function conclude(session: IncomingStream, way: Way, verdict: Verdict): void {
  const { context, stream } = session;
  const { remote: from, local: to } = way;
  if (verdict.kind === "valid") return accept(session, way, "dialback");
  // What the way to a domain looks like from here is no stranger's business: he learns how far it led, and no more.
  if (verdict.kind === "error")
    return refuse(session, way, refusal(verdict.condition, verdict.reason, VERIFICATION_TEXTS[verdict.condition]));
  const peer = stream.transport.remoteAddress;
  context.strangers.tell({ peer, name: from }, { from, to, peer }, "dialback key is not its domain's", "warn");
  way.tell("dialback refused", { to, reason: "the key is not its domain's" });
  // XEP-0220 §2.2.2: the end of a stream that has proven nothing; others go on without this pair.
  if (session.domains.any) return refuse(session, way, refusal("forbidden", "the key is not its domain's"));
  stream.send(`<db:result ${answerAddresses(from, to)} type='invalid'/>`);
  stream.close();
}

function accept(session: IncomingStream, way: Way, method: "dialback" | "certificate"): void {
  const { stream } = session;
  if (!stream.writable) return;
  if (!session.authorise(way, method))
    return refuse(session, way, refusal("resource-constraint", "as many domains or streams as there may be"));
  stream.send(`<db:result ${answerAddresses(way.remote, way.local)} type='valid'/>`);
}

function refuse({ context, stream }: IncomingStream, way: Way, { condition, reason, text }: Refusal): void {
  const { remote: from, local: to } = way;
  const { rule } = way.policy;
  const peer = stream.transport.remoteAddress;
  context.strangers.tell({ peer, name: from }, { from, to, condition, reason, rule, peer }, "dialback refused");
  way.tell("dialback refused", { to, condition, reason });
  stream.send(dialbackErrorText("result", answerAddresses(from, to), condition, text));
}

/** What speaks against even asking; undefined for nothing. XEP-0220 §2.5. */
function refusalOf(session: IncomingStream, way: Way): Refusal | undefined {
  const { context, stream } = session;
  const { policy, remote: from, local: to } = way;
  if (!context.inbound.serves(to)) return refusal("item-not-found", `${to} is not served here`);
  if (context.inbound.serves(from)) return refusal("not-acceptable", `${from} is served here`);
  if (policy.refuse) return refusal("policy-violation", `federation with ${from} is refused`);
  if (policy.requireEncryption && !stream.transport.encrypted)
    return refusal("policy-violation", "TLS must be negotiated first");
  if (session.verifying.has(`${from} ${to}`)) return refusal("resource-constraint", "a key is being verified already");
  if (session.verifying.size >= MAX_VERIFYING)
    return refusal("resource-constraint", `${MAX_VERIFYING} keys are being verified already`);
  if (session.domains.size >= policy.maxDomainsPerStream && !session.domains.has(from, to))
    return refusal("resource-constraint", "as many domains as one stream may have");
  return undefined;
}

interface Refusal {
  readonly condition: DialbackCondition;
  /** For the operator. */
  readonly reason: string;
  /** For the peer. */
  readonly text: string;
}

function refusal(condition: DialbackCondition, reason: string, text = reason): Refusal {
  return { condition, reason, text };
}
