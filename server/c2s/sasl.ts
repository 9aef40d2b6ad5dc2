// The SASL profile of RFC 6120 on client streams. RFC 6120 §6.

import { escapeText } from "../../xmpp/xml/escape.ts";
import { NS_SASL, NS_SASL_CHANNEL_BINDING } from "../../xmpp/xml/namespaces.ts";
import { channelBindingTypes, encodeSaslData } from "../sasl/mechanisms.ts";
import { abort, begin, offer, respond, type SaslProfile, saslContext } from "./authentication.ts";
import type { C2sFeature, ClientConnection } from "./client-connection.ts";

const profile: SaslProfile = {
  challenge: (data) => `<challenge xmlns='${NS_SASL}'>${encodeSaslData(data)}</challenge>`,
  failure({ condition, text }) {
    const told = text === undefined ? "" : `<text xml:lang='en'>${escapeText(text)}</text>`;
    return `<failure xmlns='${NS_SASL}'><${condition}/>${told}</failure>`;
  },
  succeeded({ stream }, _account, step) {
    const data = step.data === undefined ? "/>" : `>${encodeSaslData(step.data)}</success>`;
    stream.send(`<success xmlns='${NS_SASL}'${data}`);
    stream.restart();
  },
};

/** The SASL feature, with the channel bindings we can check (XEP-0440). */
export const saslFeature: C2sFeature = {
  name: "sasl",
  phase: "before authentication",
  xmlns: NS_SASL,
  restarts: true,
  advertise(connection) {
    const names = offer(connection);
    if (names.length === 0) return undefined;
    return `<mechanisms xmlns='${NS_SASL}'>${mechanismList(names)}</mechanisms>${channelBindings(connection)}`;
  },
  handle(connection, raw) {
    if (connection.authenticated || connection.host === undefined)
      return connection.stream.fail("policy-violation", "already authenticated");
    switch (raw.name) {
      case "auth":
        return begin(connection, profile, raw.attr("mechanism") ?? "", raw.toElement().getText());
      case "response":
        return respond(connection, profile, raw.toElement().getText());
      case "abort":
        return abort(connection, profile);
      default:
        return connection.stream.fail("unsupported-stanza-type");
    }
  },
};

/** Mechanism names as elements. */
export function mechanismList(names: readonly string[]): string {
  return names.map((name) => `<mechanism>${name}</mechanism>`).join("");
}

function channelBindings(connection: ClientConnection): string {
  const types = channelBindingTypes(saslContext(connection));
  if (types.length === 0) return "";
  const list = types.map((type) => `<channel-binding type='${type}'/>`).join("");
  return `<sasl-channel-binding xmlns='${NS_SASL_CHANNEL_BINDING}'>${list}</sasl-channel-binding>`;
}
