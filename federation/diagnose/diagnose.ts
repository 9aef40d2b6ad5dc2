// Walks the way to a remote domain step by step, and says in plain words how far it leads.

import { failureOf } from "../connecting/loss.ts";
import { offersManagement } from "../negotiation/management.ts";
import { attempt } from "../outgoing/attempt.ts";
import type { FederationContext } from "../way/context.ts";
import { Way } from "../way/way.ts";
import { ownName } from "./own-name.ts";
import { type FindingListener, Report } from "./report.ts";
import { Teller } from "./teller.ts";

export type { Finding, FindingListener } from "./report.ts";

/** Tests the way from a domain of ours to a remote one. Resolves with whether stanzas would get through. */
export async function diagnose(
  context: FederationContext,
  from: string,
  to: string,
  found: FindingListener,
): Promise<boolean> {
  const policy = context.policy(to);
  const report = new Report(found, { from, to, dialback: policy.allowDialback, serverOnly: false });
  const own = await ownName(context, from, report);
  report.names = { ...report.names, serverOnly: own?.serverOnly === true };
  if (policy.refuse) {
    report.tell("policy", "failed", `${policy.rule} refuse ${to}`);
    return false;
  }
  report.tell("policy", "good", policyText(policy));
  const teller = new Teller(context, report);
  try {
    const { signal } = new AbortController();
    const opening = await attempt(new Way(context, from, to, teller.progress), { signal });
    teller.arrived();
    opening.stream.close();
    const extras = [
      opening.bidi ? "both ways on one stream" : "",
      offersManagement(opening) ? "acknowledged and resumable" : "",
    ];
    const how = extras.filter((text) => text !== "").join(", ");
    report.tell("authentication", "good", `stanzas get through${how === "" ? "" : ` (${how})`}`);
    return true;
  } catch (error) {
    await teller.failed(failureOf(error, to).message);
    return false;
  }
}

function policyText(policy: ReturnType<FederationContext["policy"]>): string {
  const encryption = `encryption ${policy.requireEncryption ? "required" : "optional"}`;
  if (!policy.allowDialback) return `${policy.rule}: ${encryption}, proof by certificate required`;
  return `${policy.rule}: ${encryption}, a valid certificate not required, dialback allowed`;
}
