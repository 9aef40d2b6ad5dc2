// Asks the authoritative server whether a dialback key is its own. XEP-0220 §2.3.
import { escapeAttribute, NS_DIALBACK } from "../../server/index.ts";
import type { FederationContext } from "../context.ts";
import { StreamEnded } from "../outgoing/dialogue.ts";
import { establish } from "../outgoing/establish.ts";
import { OutgoingFailure } from "../outgoing/states.ts";

/** What a key turned out to be; `error` carries a stanza error condition. XEP-0220 §2.5. */
export type Verdict =
  | { readonly kind: "valid" }
  | { readonly kind: "invalid" }
  | {
      readonly kind: "error";
      readonly condition: "remote-server-not-found" | "remote-server-timeout";
      readonly reason: string;
    };

/** A key to verify, as the receiving server got it. */
export interface Claim {
  /** Domain of ours it was sent to. */
  readonly receiving: string;
  /** Domain that claims to have sent it. */
  readonly originating: string;
  /** Id of the stream it came on. */
  readonly streamId: string;
  readonly key: string;
}

/** Opens a stream of its own to the authoritative server and asks; never the stream that presented the key. */
export async function verifyWithAuthority(context: FederationContext, claim: Claim): Promise<Verdict> {
  const attempt = new AbortController();
  const deadline = context.clock.setTimeout(() => attempt.abort(), context.config.connectSeconds * 1000);
  try {
    return await ask(context, claim, attempt.signal);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const missing = error instanceof OutgoingFailure && error.condition === "remote-server-not-found";
    if (!(error instanceof OutgoingFailure || error instanceof StreamEnded))
      context.log.debug({ err: error, domain: claim.originating }, "dialback verification failed");
    return { kind: "error", condition: missing ? "remote-server-not-found" : "remote-server-timeout", reason };
  } finally {
    context.clock.clearTimeout(deadline);
  }
}

async function ask(context: FederationContext, claim: Claim, signal: AbortSignal): Promise<Verdict> {
  const { receiving, originating, streamId, key } = claim;
  const { stream, dialogue } = await establish(context, receiving, originating, signal, () => {});
  try {
    const addresses = `from='${escapeAttribute(receiving)}' to='${escapeAttribute(originating)}'`;
    stream.send(`<db:verify ${addresses} id='${escapeAttribute(streamId)}'>${key}</db:verify>`);
    for (;;) {
      const answer = await dialogue.nextElement();
      const ours =
        answer.xmlns === NS_DIALBACK &&
        answer.name === "verify" &&
        answer.attr("id") === streamId &&
        answer.attr("from") === originating &&
        answer.attr("to") === receiving;
      if (ours) return answer.attr("type") === "valid" ? { kind: "valid" } : { kind: "invalid" };
    }
  } finally {
    stream.close();
  }
}
