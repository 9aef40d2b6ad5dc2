// Where to look when the service is down: addresses of a status document elsewhere. XEP-0455.
import { OutageSettings } from "../../../contract/modules/outage.ts";
import { escapeText } from "../../../xmpp/xml/escape.ts";
import { defineModule } from "../../module/define.ts";

/** The module; its form is part of the host's disco information. */
export const outage = defineModule({
  name: "outage",
  implements: ["XEP-0455 0.4.0", "XEP-0128 1.0.1"],
  needs: ["disco"],
  config: OutageSettings,
  activate(host, { addresses }) {
    if (addresses.length === 0) return;
    const type = "<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:sos:0</value></field>";
    const values = addresses.map((address) => `<value>${escapeText(address)}</value>`).join("");
    const field = `<field var='external-status-addresses' type='list-multi'>${values}</field>`;
    host.disclose("host", { form: () => `<x xmlns='jabber:x:data' type='result'>${type}${field}</x>` });
  },
});
