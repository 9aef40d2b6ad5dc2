// Whom to write to about this service. XEP-0157.
import { ContactsSettings } from "../../../contract/modules/contacts.ts";
import { escapeText } from "../../../xmpp/xml/escape.ts";
import { defineModule } from "../../module/define.ts";

/** The module of service contact addresses; its form is part of the host's disco information. */
export const contacts = defineModule({
  name: "contacts",
  implements: ["XEP-0157 1.1.1", "XEP-0128 1.0.1"],
  needs: ["disco"],
  config: ContactsSettings,
  activate(host, config) {
    const fields = Object.entries(config)
      .filter(([, addresses]) => addresses.length > 0)
      .map(([purpose, addresses]) => {
        const values = addresses.map((address) => `<value>${escapeText(address)}</value>`).join("");
        return `<field var='${purpose}-addresses' type='list-multi'>${values}</field>`;
      });
    if (fields.length === 0) return;
    host.disclose("host", { networkInfo: () => fields.join("") });
  },
});
