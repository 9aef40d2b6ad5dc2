// Stream management between servers as a stream feature: a broken stream is asked for again. XEP-0198 §3, §5.
import { handledOf, resumeText, SM_FEATURE } from "../../xmpp/management/elements.ts";
import { offered } from "../../xmpp/negotiation/feature.ts";
import { NS_SM, NS_STREAM } from "../../xmpp/xml/namespaces.ts";
import type { S2sFeature } from "./entry.ts";
import type { Opening } from "./opening.ts";

/** `<enable/>` has no answer that is waited for: whoever takes the stream over sends it, and counts from there on. */
export const MANAGEMENT: S2sFeature = {
  name: "stream management",
  xmlns: NS_SM,

  // With dialback no features come later: it is announced before, and refused until a domain is proven.
  advertise: ({ authenticated, policy }) => (policy.refuse && !authenticated ? undefined : SM_FEATURE),

  wanted: (opening) => opening.method !== undefined && opening.resume !== undefined && offersManagement(opening),
  request: ({ resume }) => resume && resumeText(resume.id, resume.recount()),
  answer(opening, raw) {
    // Features come before the answer where they have not been waited for.
    if (raw.xmlns === NS_STREAM && raw.name === "features") opening.features ??= raw.toElement();
    if (raw.xmlns !== NS_SM) return undefined;
    if (raw.name === "failed") return "refused";
    if (raw.name !== "resumed" || raw.attr("previd") !== opening.resume?.id) return undefined;
    opening.resumed = handledOf(raw);
    return "agreed";
  },
};

/** True where the peer has stream management, or, where its features are still to come, is known to. */
export function offersManagement(opening: Opening): boolean {
  const { method, features, ahead } = opening;
  if (method === "external" && features === undefined && ahead !== undefined) return ahead.sm;
  return offered(opening, "sm", NS_SM) !== undefined;
}
