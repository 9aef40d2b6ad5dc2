// Business cards: an account's own to change, everybody's to read. XEP-0054.

import { VcardSettings } from "../../../contract/modules/vcard.ts";
import { StanzaError } from "../../../xmpp/stanza/error.ts";
import { selfContained } from "../../../xmpp/xml/self-contained.ts";
import { DOCUMENTS } from "../../documents/store.ts";
import { defineModule, type IqRequest, liveSettings } from "../../module/define.ts";
import { type Documents, TEXT } from "../../module/documents.ts";

const NS_VCARD = "vcard-temp";

/** The vCard module. */
export const vcard = defineModule({
  name: "vcard",
  implements: ["XEP-0054 1.2"],
  needs: ["disco"],
  stores: [DOCUMENTS],
  config: VcardSettings,
  activate(host, given) {
    const { settings, activation } = liveSettings(given);
    const cards = host.documents({ name: "vcard", ...TEXT });
    for (const target of ["host", "account"] as const) host.disclose(target, { features: [NS_VCARD] });
    host.iq({ target: "account", type: "get", xmlns: NS_VCARD, name: "vCard", audience: "anyone" }, (request) =>
      read(cards, request),
    );
    host.iq({ target: "account", type: "set", xmlns: NS_VCARD, name: "vCard" }, async ({ to, payload }) => {
      // Others are sent the text as it is.
      const text = selfContained(payload);
      const { maxBytes } = settings;
      if (Buffer.byteLength(text) > maxBytes)
        throw new StanzaError("not-acceptable", `a card has at most ${maxBytes} bytes`);
      await cards.put(to.local, "", text);
      return undefined;
    });
    return activation;
  },
});

/**
 * As it was written: it declares its namespaces, and a picture is not to be parsed for each who looks at it. Without a
 * card others are told what they are told of an account that does not exist. XEP-0054 §3.3.
 */
async function read(cards: Documents<string>, { from, to }: IqRequest): Promise<string> {
  const text = await cards.get(to.local, "");
  if (text === undefined && from.bare !== to.bare) throw new StanzaError("service-unavailable");
  return text ?? `<vCard xmlns='${NS_VCARD}'/>`;
}
