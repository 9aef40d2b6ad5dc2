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
import type { Verdict, Verifications } from "../dialback/verifications.ts";
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
  verifications: (domain: string) => Verifications | undefined,
): void {
  const { context, stream } = session;
  const pair = dialbackPair(raw);
  if (pair === undefined) return stream.fail("improper-addressing", "dialback needs `from` and `to`");
  // An answer to a question that we never ask on this stream. XEP-0220 §3.1.
  if (raw.attr("type") !== undefined) return;
  const { from, to } = pair;
  if (raw.name === "verify") return stream.send(verifyAnswer(context, raw, from, to));
  if (raw.name !== "result") return stream.fail("unsupported-stanza-type");
  const refusal = refusalOf(session, from, to);
  if (refusal !== undefined) return refuse(session, from, to, refusal.condition, refusal.text);
  void receive(session, from, to, raw.toElement().getText().trim(), verifications(from));
}

/** We are receiving: the certificate proves it, or the authoritative server is asked. XEP-0220 §2.2.2. */
async function receive(
  session: IncomingStream,
  from: string,
  to: string,
  key: string,
  existing: Verifications | undefined,
): Promise<void> {
  const { context, stream } = session;
  const pair = `${from} ${to}`;
  const streamId = session.id;
  const place = session.placeForVerification();
  if (place === undefined) return refuse(session, from, to, "resource-constraint", "too many keys from that network");
  session.verifying.add(pair);
  try {
    if (!context.policy(from).allowDialback) {
      // The key proves too little, and the certificate may prove it without. XEP-0220 §2.2.2: any method will do.
      const certificate = await session.verdicts.of(from);
      if (certificate?.kind === "valid") return accept(session, from, to, "certificate");
      return refuse(session, from, to, "not-authorized", certificate?.reason ?? "there is no TLS");
    }
    const verdict: Verdict = await verifyWithAuthority(
      context,
      { receiving: to, originating: from, streamId, key },
      existing,
    );
    if (!stream.writable) return;
    // The stream began anew meanwhile: the key is of the one before.
    if (session.id !== streamId) return;
    conclude(session, from, to, verdict);
  } catch (error) {
    session.crashed(error);
    if (stream.writable) stream.fail("internal-server-error");
  } finally {
    place.release();
    session.verifying.delete(pair);
  }
}

function conclude(session: IncomingStream, from: string, to: string, verdict: Verdict): void {
  const { context, stream } = session;
  if (verdict.kind === "valid") return accept(session, from, to, "dialback");
  // What the way to a domain looks like from here is no stranger's business: he learns how far it led, and no more.
  if (verdict.kind === "error")
    return refuse(session, from, to, verdict.condition, verdict.reason, VERIFICATION_TEXTS[verdict.condition]);
  const peer = stream.transport.remoteAddress;
  context.strangers.tell(peer, from, { from, to, peer }, "dialback key is not its domain's", "warn");
  session.tell(from, "dialback refused", { to, reason: "the key is not its domain's" });
  // XEP-0220 §2.2.2: the end of a stream that has proven nothing; others go on without this pair.
  if (session.domains.any) return refuse(session, from, to, "forbidden", "the key is not its domain's");
  stream.send(`<db:result ${answerAddresses(from, to)} type='invalid'/>`);
  stream.close();
}

function accept(session: IncomingStream, from: string, to: string, method: "dialback" | "certificate"): void {
  const { stream } = session;
  if (!stream.writable) return;
  if (!session.authorise(from, to, method))
    return refuse(session, from, to, "resource-constraint", "as many domains or streams as there may be");
  stream.send(`<db:result ${answerAddresses(from, to)} type='valid'/>`);
}

function refuse(
  session: IncomingStream,
  from: string,
  to: string,
  condition: DialbackCondition,
  reason: string,
  text = reason,
): void {
  const { context, stream } = session;
  const { rule } = context.policy(from);
  const peer = stream.transport.remoteAddress;
  context.strangers.tell(peer, from, { from, to, condition, reason, rule, peer }, "dialback refused");
  session.tell(from, "dialback refused", { to, condition, reason });
  stream.send(dialbackErrorText("result", answerAddresses(from, to), condition, text));
}

/** What speaks against even asking; undefined for nothing. XEP-0220 §2.5. */
function refusalOf(session: IncomingStream, from: string, to: string): Refusal | undefined {
  const { context, stream } = session;
  const policy = context.policy(from);
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
  readonly text: string;
}

function refusal(condition: DialbackCondition, text: string): Refusal {
  return { condition, text };
}
