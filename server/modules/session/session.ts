// The session request of older clients (Strophe sends it whatever the features say). RFC 3921 §3.
import { NoSettings } from "../../../contract/modules/index.ts";
import { NS_SESSION } from "../../../xmpp/xml/namespaces.ts";
import { defineModule } from "../../module/define.ts";

/** The session module: binding has made the session already, so there is nothing left to do. */
export const session = defineModule({
  name: "session",
  implements: [],
  needs: [],
  config: NoSettings,
  activate(host) {
    host.iq({ target: "account", type: "set", xmlns: NS_SESSION, name: "session" }, () => undefined);
    host.iq({ target: "host", type: "set", xmlns: NS_SESSION, name: "session" }, () => undefined);
  },
});
