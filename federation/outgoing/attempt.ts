// One attempt to have a stream that carries stanzas: from resolution to authentication, each state with its time.
import { StreamEnded } from "../../xmpp/negotiation/dialogue.ts";
import { negotiate } from "../../xmpp/negotiation/initiating.ts";
import { Deadlines } from "../connecting/deadlines.ts";
import { establish } from "../connecting/establish.ts";
import { bidiText, mayBeBidi } from "../negotiation/bidi.ts";
import { externalText } from "../negotiation/external.ts";
import type { Ahead, Opening, Resumption } from "../negotiation/opening.ts";
import { S2S_FEATURES } from "../negotiation/table.ts";
import type { Target } from "../resolver/index.ts";
import { authenticatedLimits } from "../way/limits.ts";
import { OutgoingFailure } from "../way/progress.ts";
import type { Way } from "../way/way.ts";

/** What a peer is known to take, so that it may be sent before it is offered. XEP-0305. */
export interface Assumption {
  readonly bidi: boolean;
  readonly sm: boolean;
}

/** What an attempt is given. */
export interface Plan {
  readonly signal: AbortSignal;
  readonly assume?: Assumption | undefined;
  /** A broken stream to go on with. */
  readonly resume?: Resumption | undefined;
  readonly targets?: readonly Target[] | undefined;
}

/** What is done otherwise on a further stream. */
interface Again {
  readonly ahead: Ahead | undefined;
  readonly skipExternal: boolean;
}

/** The peer refused EXTERNAL and ended the stream: dialback needs another one. */
class ExternalRefused extends Error {
  override readonly name = "ExternalRefused";
}

/**
 * Makes one attempt; where the peer refuses what was assumed, or EXTERNAL, another stream. What it resolves with is
 * authenticated. @throws OutgoingFailure, StreamEnded
 */
export async function attempt(way: Way, plan: Plan): Promise<Opening> {
  let ahead = plan.assume && aheadOf(way, plan.assume);
  let skipExternal = false;
  for (let streams = 1; ; streams++) {
    const { clock, config } = way.context;
    const deadlines = new Deadlines({
      clock,
      progress: way.progress,
      signal: plan.signal,
      // Between them each target has its own time.
      states: ["resolving", "authenticating"],
      wholeSeconds: config.connectSeconds,
    });
    try {
      return await open(way.toldTo(deadlines.progress), plan, deadlines, { ahead, skipExternal });
    } catch (error) {
      if (deadlines.expired !== undefined) throw deadlines.expired;
      if (plan.signal.aborted) throw new OutgoingFailure("remote-server-timeout", "the attempt was given up");
      if (ahead === undefined && !(error instanceof ExternalRefused)) throw error;
      if (streams >= 3) throw asFailure(error);
      // What was assumed may be what the peer could not bear.
      if (ahead !== undefined) ahead = undefined;
      else skipExternal = true;
      way.progress.note("again", { reason: error instanceof Error ? error.message : String(error) });
    } finally {
      deadlines.stop();
    }
  }
}

function aheadOf({ context, local, policy }: Way, { bidi, sm }: Assumption): Ahead {
  const both = bidi && policy.bidirectional && mayBeBidi(policy);
  return { text: (both ? bidiText(context) : "") + externalText(local), bidi: both, sm };
}

function asFailure(error: unknown): unknown {
  if (!(error instanceof ExternalRefused)) return error;
  return new OutgoingFailure("remote-server-timeout", error.message, "pair");
}

async function open(way: Way, plan: Plan, deadlines: Deadlines, again: Again): Promise<Opening> {
  const { signal } = deadlines;
  const opening = await deadlines.race(establish(way, { signal, targets: plan.targets, ahead: again.ahead }));
  const { stream } = opening;
  try {
    way.progress.enter("authenticating");
    // Stanzas of the peer's may follow its answer at once.
    stream.setLimits(authenticatedLimits(way.context, way.remote));
    opening.skipExternal = again.skipExternal;
    opening.resume = plan.resume;
    await deadlines.race(negotiate(S2S_FEATURES, opening));
    if (opening.method === undefined) throw unproven(way);
    return opening;
  } catch (error) {
    stream.close();
    // Most peers end the stream after a refusal (XEP-0178 §3 step 10): another one is needed for dialback.
    const { refusal, method } = opening;
    if (error instanceof StreamEnded && refusal !== undefined && method === undefined)
      throw new ExternalRefused(refusal);
    throw error;
  }
}

/** No feature of the peer's was a way to prove our domain. */
function unproven({ policy, remote }: Way): OutgoingFailure {
  const reason = policy.sendDialback
    ? `${remote} offers neither SASL EXTERNAL nor dialback`
    : `${remote} does not accept our certificate for SASL EXTERNAL, and ${policy.rule} allow no other way`;
  return new OutgoingFailure("remote-server-timeout", reason, "pair");
}
