// Pings of a host and of its accounts. XEP-0199.
import { NoSettings } from "../../../contract/modules/index.ts";
import { NS_PING } from "../../../xmpp/xml/namespaces.ts";
import { defineModule } from "../../module/define.ts";

/** The ping module. */
export const ping = defineModule({
  name: "ping",
  implements: ["XEP-0199 2.0.1"],
  needs: ["disco"],
  config: NoSettings,
  activate(host) {
    for (const target of ["host", "account"] as const) host.disclose(target, { features: [NS_PING] });
    host.iq({ target: "host", type: "get", xmlns: NS_PING, name: "ping" }, () => undefined);
    host.iq({ target: "account", type: "get", xmlns: NS_PING, name: "ping" }, () => undefined);
  },
});
