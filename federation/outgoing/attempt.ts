// One attempt to have a stream that carries stanzas: from resolution to authentication, each state with its time.
import type { Element } from "ltx";
import type { XmppStream } from "../../xmpp/stream/stream.ts";
import { NS_SM, NS_STREAM } from "../../xmpp/xml/namespaces.ts";
import type { StreamHeader } from "../../xmpp/xml/tokenizer.ts";
import { handledOf, limitsText, NS_BIDI, NS_BIDI_FEATURE, resumeText } from "../carrying/elements.ts";
import { Deadlines } from "../connecting/deadlines.ts";
import type { Dialogue } from "../connecting/dialogue.ts";
import { type Established, establish } from "../connecting/establish.ts";
import type { Reached } from "../connecting/reach.ts";
import type { Target } from "../resolver/index.ts";
import type { CertificateVerdict } from "../tls/index.ts";
import { authenticatedLimits, type FederationContext } from "../way/context.ts";
import { OutgoingFailure, type Progress } from "../way/progress.ts";
import { type Authenticated, authenticate, ExternalRefused, externalText, type Method } from "./authenticate.ts";

/** What a peer is known to take, so that it may be sent before it is offered. XEP-0305. */
export interface Assumption {
  readonly bidi: boolean;
  readonly sm: boolean;
}

/** A broken stream to be asked for. XEP-0198 §5. */
export interface Resumption {
  readonly id: string;
  /** How many of the peer's stanzas we have handled; called when it is told. */
  recount(): number;
}

/** What an attempt is given. */
export interface Plan {
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly assume: Assumption | undefined;
  /** A broken stream to go on with. */
  readonly resume: Resumption | undefined;
  readonly targets: readonly Target[] | undefined;
}

/** A stream that carries stanzas of its domain pair. */
export interface Ready {
  readonly stream: XmppStream;
  readonly dialogue: Dialogue;
  readonly method: Method;
  readonly certificate: CertificateVerdict | undefined;
  readonly reached: Reached;
  /** The peer's last header and features; undefined where they are still to come. */
  readonly header: StreamHeader | undefined;
  readonly features: Element | undefined;
  readonly bidi: boolean;
  /** `<enable/>` is to be sent. */
  readonly sm: boolean;
  /** What the peer had handled of the broken stream, which now goes on. */
  readonly resumed: number | undefined;
}

/** Makes one attempt; where the peer refuses what was assumed, or EXTERNAL, another stream. @throws OutgoingFailure, StreamEnded */
export async function attempt(context: FederationContext, from: string, to: string, plan: Plan): Promise<Ready> {
  let { assume } = plan;
  let skipExternal = false;
  for (let streams = 1; ; streams++) {
    const { clock, config } = context;
    const deadlines = new Deadlines({
      clock,
      progress: plan.progress,
      signal: plan.signal,
      // Between them each target has its own time.
      states: ["resolving", "authenticating"],
      wholeSeconds: config.connectSeconds,
    });
    try {
      return await open(context, from, to, plan, deadlines, assume, skipExternal);
    } catch (error) {
      if (deadlines.expired !== undefined) throw deadlines.expired;
      if (plan.signal.aborted) throw new OutgoingFailure("remote-server-timeout", "the attempt was given up");
      if (assume === undefined && !(error instanceof ExternalRefused)) throw error;
      if (streams >= 3) throw asFailure(error);
      // What was assumed may be what the peer could not bear.
      if (assume !== undefined) assume = undefined;
      else skipExternal = true;
      plan.progress.note("again", { reason: error instanceof Error ? error.message : String(error) });
    } finally {
      deadlines.stop();
    }
  }
}

function asFailure(error: unknown): unknown {
  if (!(error instanceof ExternalRefused)) return error;
  return new OutgoingFailure("remote-server-timeout", error.message, "pair");
}

async function open(
  context: FederationContext,
  from: string,
  to: string,
  plan: Plan,
  deadlines: Deadlines,
  assume: Assumption | undefined,
  skipExternal: boolean,
): Promise<Ready> {
  const policy = context.policy(to);
  const { progress } = deadlines;
  const bidiText = `<bidi xmlns='${NS_BIDI}'>${limitsText(context.config.stanzaBytes, context.config.idleSeconds * 2)}</bidi>`;
  const assumeBidi = assume?.bidi === true && policy.bidirectional && mayBeBidi(policy);
  const ahead = assume === undefined ? undefined : (assumeBidi ? bidiText : "") + externalText(from);
  const established = await deadlines.race(
    establish(context, from, to, { signal: deadlines.signal, progress, targets: plan.targets, ahead }),
  );
  const { stream } = established;
  try {
    progress.enter("authenticating");
    // Stanzas of the peer's may follow its answer at once.
    stream.setLimits(authenticatedLimits(context, to));
    // A peer that offered no TLS was not sent anything ahead.
    const sentAhead = ahead !== undefined && stream.transport.encrypted;
    const bidi = sentAhead ? assumeBidi : wantsBidi(context, to, established);
    if (bidi && !sentAhead) stream.send(bidiText);
    const authenticated = await deadlines.race(
      authenticate(context, from, to, established, { progress, ahead: sentAhead, skipExternal }),
    );
    const sm = offersSm(authenticated, assume);
    const answered =
      sm && plan.resume !== undefined
        ? await deadlines.race(resume(established, authenticated, plan.resume))
        : { ...authenticated, resumed: undefined };
    const { dialogue, certificate, reached } = established;
    return { stream, dialogue, certificate, reached, bidi, sm: sm && answered.resumed === undefined, ...answered };
  } catch (error) {
    stream.close();
    throw error;
  }
}

/** Bidirectional streams prove the peer by its certificate or by DNS; the latter only where dialback would do. */
function mayBeBidi(policy: { readonly allowDialback: boolean; readonly requireValidCertificate: boolean }): boolean {
  return policy.allowDialback || policy.requireValidCertificate;
}

/** XEP-0288 §2: after TLS, before authentication, where offered. */
function wantsBidi(context: FederationContext, to: string, established: Established): boolean {
  const { stream, features, certificate } = established;
  const policy = context.policy(to);
  if (!policy.bidirectional || !stream.transport.encrypted) return false;
  if (certificate?.kind !== "valid" && !policy.allowDialback) return false;
  return features?.getChild("bidi", NS_BIDI_FEATURE) !== undefined;
}

function offersSm({ header, features }: Authenticated, assume: Assumption | undefined): boolean {
  if (header === undefined) return assume?.sm === true;
  return features?.getChild("sm", NS_SM) !== undefined;
}

/**
 * XEP-0198 §5. `resumed` is undefined where the peer does not know the stream any more. Its header and features come
 * before its answer where they have not been waited for.
 */
async function resume(
  { stream, dialogue }: Established,
  { method, ...said }: Authenticated,
  resumption: Resumption,
): Promise<Authenticated & Pick<Ready, "resumed">> {
  const { id } = resumption;
  stream.send(resumeText(id, resumption.recount()));
  const header = said.header ?? (await dialogue.nextHeader());
  let { features } = said;
  for (;;) {
    const answer = await dialogue.nextElement();
    if (answer.xmlns === NS_STREAM && answer.name === "features") features ??= answer.toElement();
    if (answer.xmlns !== NS_SM) continue;
    if (answer.name === "resumed" && answer.attr("previd") === id)
      return { method, header, features, resumed: handledOf(answer) };
    if (answer.name === "failed") return { method, header, features, resumed: undefined };
  }
}
