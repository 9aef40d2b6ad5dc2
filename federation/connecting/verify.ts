// Asks the authoritative server whether a dialback key is its own: on a stream to it, never on the one that brought the key.

import { StreamEnded } from "../../xmpp/negotiation/dialogue.ts";
import { dialbackPair } from "../dialback/answer.ts";
import { type Claim, type Verdict, Verifications } from "../dialback/verifications.ts";
import type { FederationContext } from "../way/context.ts";
import type { OutgoingFailure } from "../way/progress.ts";
import { Way } from "../way/way.ts";
import { establish } from "./establish.ts";
import { failureOf } from "./loss.ts";

/**
 * Asks over `existing`, a stream of ours to the originating domain, or over a new one that is closed afterwards.
 * XEP-0220 §2.1.2. Never rejects.
 */
export async function verifyWithAuthority(
  context: FederationContext,
  claim: Claim,
  existing: Verifications | undefined,
): Promise<Verdict> {
  if (existing?.room) return existing.ask(claim);
  const attempt = new AbortController();
  const deadline = context.clock.setTimeout(() => attempt.abort(), context.config.connectSeconds * 1000);
  try {
    return await askAnew(context, claim, attempt.signal);
  } catch (error) {
    const failure = failureOf(error, claim.originating);
    if (attempt.signal.aborted)
      return { kind: "error", condition: "remote-server-timeout", reason: "the authoritative server was too slow" };
    return { kind: "error", condition: conditionOf(error, failure), reason: failure.message };
  } finally {
    context.clock.clearTimeout(deadline);
  }
}

/** XEP-0220 §2.5. */
function conditionOf(error: unknown, failure: OutgoingFailure) {
  if (failure.condition === "remote-server-not-found") return "remote-server-not-found";
  if (failure.condition === "policy-violation") return "policy-violation";
  return error instanceof StreamEnded ? "remote-server-timeout" : "remote-connection-failed";
}

async function askAnew(context: FederationContext, claim: Claim, signal: AbortSignal): Promise<Verdict> {
  const { stream, dialogue } = await establish(new Way(context, claim.receiving, claim.originating), { signal });
  const verifications = new Verifications(stream, context);
  dialogue.handOver(
    {
      opened: () => {},
      element: (raw) => {
        const pair = dialbackPair(raw);
        if (pair !== undefined && raw.name === "verify" && raw.attr("type") !== undefined)
          verifications.answered(raw, pair);
      },
      ended: (end) => verifications.end(end),
      defaultHeader: () => ({ from: claim.receiving, to: claim.originating, version: "1.0" }),
      crashed: (error) => context.log.error({ err: error }, "s2s handler failed"),
    },
    stream,
  );
  try {
    return await verifications.ask(claim);
  } finally {
    stream.close();
  }
}
