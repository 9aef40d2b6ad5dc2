// SASL EXTERNAL between servers: the certificate of the connection proves the domain. RFC 6120 §6, XEP-0178.
import { offered } from "../../xmpp/negotiation/feature.ts";
import { NS_SASL } from "../../xmpp/xml/namespaces.ts";
import { OutgoingFailure } from "../way/progress.ts";
import type { S2sFeature } from "./entry.ts";
import type { Opening } from "./opening.ts";
import { toldBy } from "./told.ts";

/** `<auth/>` for EXTERNAL with our domain as authorization identity. XEP-0178 §3 step 9. */
export function externalText(local: string): string {
  return `<auth xmlns='${NS_SASL}' mechanism='EXTERNAL'>${Buffer.from(local).toString("base64")}</auth>`;
}

export const EXTERNAL: S2sFeature = {
  name: "SASL",
  xmlns: NS_SASL,
  restarts: true,

  phase: "before authentication",
  advertise: ({ external }) =>
    external ? `<mechanisms xmlns='${NS_SASL}'><mechanism>EXTERNAL</mechanism></mechanisms>` : undefined,

  wanted: (opening) =>
    opening.method === undefined && (opening.ahead !== undefined || (!opening.skipExternal && offersExternal(opening))),
  request: ({ way, ahead }) => (ahead === undefined ? externalText(way.local) : undefined),
  answer(opening, raw) {
    if (raw.xmlns === NS_SASL && raw.name === "success") return "agreed";
    const { way } = opening;
    const reason = `${way.remote} refused SASL EXTERNAL: ${toldBy(raw.toElement())}`;
    way.progress.note("refused", { method: "external", reason });
    if (!way.policy.sendDialback) throw new OutgoingFailure("remote-server-timeout", reason, "pair");
    opening.refusal = reason;
    return "refused";
  },
  agreed(opening) {
    opening.method = "external";
    opening.way.progress.note("authenticated", { method: "external" });
    opening.stream.restart();
  },
};

function offersExternal(opening: Opening): boolean {
  if (!opening.stream.transport.encrypted) return false;
  const mechanisms = offered(opening, "mechanisms", NS_SASL)?.getChildren("mechanism", NS_SASL) ?? [];
  return mechanisms.some((mechanism) => mechanism.getText().trim() === "EXTERNAL");
}
