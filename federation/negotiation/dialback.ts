// Dialback as a stream feature: a key on the stream, which the peer has our domain's server verify. XEP-0220 §2.1, §2.3.
import type { Element } from "ltx";
import { escapeAttribute } from "../../xmpp/xml/escape.ts";
import { NS_DIALBACK, NS_DIALBACK_FEATURE } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { StreamHeader } from "../../xmpp/xml/tokenizer.ts";
import { makeKey } from "../dialback/key.ts";
import { OutgoingFailure } from "../way/progress.ts";
import type { Way } from "../way/way.ts";
import type { S2sFeature } from "./entry.ts";
import { toldBy } from "./told.ts";

export const DIALBACK: S2sFeature = {
  name: "dialback",
  xmlns: NS_DIALBACK,

  // Further domains may be proven at any time. XEP-0220 §2.6.
  advertise: ({ authenticated, policy }) =>
    policy.refuse && !authenticated ? undefined : `<dialback xmlns='${NS_DIALBACK_FEATURE}'><errors/></dialback>`,

  wanted: ({ method, way, header, features }) =>
    method === undefined && way.policy.sendDialback && header !== undefined && offersDialback(header, features),
  request: ({ way, header }) => dialbackText(way, header?.id ?? ""),
  answer({ way }, raw) {
    if (!isDialbackAnswer(raw) || raw.attr("from") !== way.remote || raw.attr("to") !== way.local) return undefined;
    const refusal = dialbackRefusal(raw, way.remote);
    if (refusal !== undefined) throw refusal;
    return "agreed";
  },
  agreed(opening) {
    opening.method = "dialback";
    opening.way.progress.note("authenticated", { method: "dialback" });
  },
};

/** COMPAT(servers before XEP-0220 1.0): many announce dialback by the namespace of their header alone. */
export function offersDialback(header: StreamHeader, features: Element | undefined): boolean {
  if (header.id === undefined || header.id === "") return false;
  return features?.getChild("dialback", NS_DIALBACK_FEATURE) !== undefined || declaresDialback(header);
}

function declaresDialback(header: StreamHeader): boolean {
  return [...header.prefixes.values()].includes(NS_DIALBACK);
}

/** Whether the peer takes dialback errors as not fatal. XEP-0220 §2.4.2. */
export function offersDialbackErrors(features: Element | undefined): boolean {
  return features?.getChild("dialback", NS_DIALBACK_FEATURE)?.getChild("errors", NS_DIALBACK_FEATURE) !== undefined;
}

/** Our key for a way on the stream with that id. XEP-0220 §2.1.1. */
export function dialbackText({ context, local, remote }: Way, streamId: string): string {
  const key = makeKey(context.secrets[0] as string, { receiving: remote, originating: local, streamId });
  return `<db:result from='${escapeAttribute(local)}' to='${escapeAttribute(remote)}'>${key}</db:result>`;
}

/** An answer to a key; whose, its `from` and `to` say. */
export function isDialbackAnswer(raw: RawElement): boolean {
  return raw.xmlns === NS_DIALBACK && raw.name === "result" && raw.attr("type") !== undefined;
}

/** What an answer refuses us with; undefined where it accepts. XEP-0220 §2.1.1. */
export function dialbackRefusal(answer: RawElement, remote: string): OutgoingFailure | undefined {
  const type = answer.attr("type");
  if (type === "valid") return undefined;
  if (type === "invalid")
    return new OutgoingFailure("internal-server-error", `${remote} says that our dialback key is not ours`, "pair");
  const error = answer.toElement().getChild("error");
  const reason = `${remote} did not accept our dialback key: ${toldBy(error)}`;
  return new OutgoingFailure("remote-server-timeout", reason, "pair");
}
