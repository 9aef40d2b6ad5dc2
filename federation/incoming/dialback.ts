// Dialback on incoming streams: as receiving server, and as authoritative server. XEP-0220 §2.2, §2.4.
import { Jid, NS_DIALBACK, type RawElement, escapeAttribute } from "../../server/index.ts";
import { verifyKey } from "../dialback/key.ts";
import { type Verdict, verifyWithAuthority } from "../dialback/verifier.ts";
import { policyFor } from "../policy.ts";
import type { IncomingSession } from "./session.ts";

const NS_STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas";

/** Conditions a dialback error may have. XEP-0220 §2.5. */
type DialbackCondition =
  | "item-not-found"
  | "not-acceptable"
  | "not-allowed"
  | "policy-violation"
  | "remote-server-not-found"
  | "remote-server-timeout"
  | "resource-constraint";

/** Takes `<db:result/>` or `<db:verify/>`. */
export function acceptDialback(session: IncomingSession, raw: RawElement): void {
  const from = Jid.tryParse(raw.attr("from") ?? "")?.full;
  const to = Jid.tryParse(raw.attr("to") ?? "")?.full;
  if (from === undefined || to === undefined) return session.stream.fail("improper-addressing");
  // An answer to a question we did not ask on this stream. XEP-0220 §2.3.1 would have it on ours.
  if (raw.attr("type") !== undefined) return;
  const key = raw.toElement().getText().trim();
  if (raw.name === "verify") return answerVerify(session, from, to, raw.attr("id") ?? "", key);
  if (raw.name === "result") return void answerResult(session, from, to, key);
  session.stream.fail("unsupported-stanza-type");
}

/** We are authoritative: was this key made with our secret? XEP-0220 §2.4.2. */
function answerVerify(session: IncomingSession, from: string, to: string, id: string, key: string): void {
  const { context, stream } = session;
  const attributes = `from='${escapeAttribute(to)}' to='${escapeAttribute(from)}' id='${escapeAttribute(id)}'`;
  if (!context.inbound.serves(to)) return stream.send(errorText("verify", attributes, "item-not-found"));
  const valid = verifyKey(key, context.secrets, { receiving: from, originating: to, streamId: id });
  stream.send(`<db:verify ${attributes} type='${valid ? "valid" : "invalid"}'/>`);
}

/** We are receiving: asks the authoritative server. XEP-0220 §2.2.2. */
async function answerResult(session: IncomingSession, from: string, to: string, key: string): Promise<void> {
  const { context, stream } = session;
  const attributes = `from='${escapeAttribute(to)}' to='${escapeAttribute(from)}'`;
  const refusal = refusalOf(session, from, to);
  if (refusal !== undefined) return stream.send(errorText("result", attributes, refusal));
  session.verifying++;
  const verdict: Verdict = await verifyWithAuthority(context, {
    receiving: to,
    originating: from,
    streamId: session.id,
    key,
  });
  session.verifying--;
  if (!stream.writable) return;
  switch (verdict.kind) {
    case "valid":
      if (!session.authorise(from, to, "dialback"))
        return stream.send(errorText("result", attributes, "resource-constraint"));
      return stream.send(`<db:result ${attributes} type='valid'/>`);
    case "invalid":
      context.log.warn({ from, to, peer: stream.transport.remoteAddress }, "dialback key is not its domain's");
      stream.send(`<db:result ${attributes} type='invalid'/>`);
      // XEP-0220 §2.2.2: whoever presents a wrong key is not to be kept.
      if (session.domains.size === 0) stream.close();
      return;
    case "error":
      context.log.info({ from, to, reason: verdict.reason }, "dialback key could not be verified");
      return stream.send(errorText("result", attributes, verdict.condition));
  }
}

/** What speaks against even asking; undefined for nothing. */
function refusalOf(session: IncomingSession, from: string, to: string): DialbackCondition | undefined {
  const { context, stream } = session;
  const policy = policyFor(context.config, from);
  if (!context.inbound.serves(to)) return "item-not-found";
  if (context.inbound.serves(from)) return "not-allowed";
  if (policy.refuse || !policy.allowDialback) return "policy-violation";
  if (policy.requireEncryption && !stream.transport.encrypted) return "policy-violation";
  if (session.verifying >= MAX_VERIFYING) return "resource-constraint";
  return undefined;
}

/** Keys of one stream that may be in verification at one time. */
const MAX_VERIFYING = 16;

function errorText(name: "result" | "verify", attributes: string, condition: DialbackCondition): string {
  const type = condition.startsWith("remote") || condition === "resource-constraint" ? "wait" : "cancel";
  return `<db:${name} ${attributes} type='error'><error type='${type}'><${condition} xmlns='${NS_STANZA_ERRORS}'/></error></db:${name}>`;
}
