// The server's time. XEP-0202.
import { Element } from "ltx";
import { NoSettings } from "../../../contract/modules/index.ts";
import { defineModule } from "../../module/define.ts";

const NS_TIME = "urn:xmpp:time";

/** The time module. */
export const time = defineModule({
  name: "time",
  implements: ["XEP-0202 2.0"],
  needs: ["disco"],
  config: NoSettings,
  activate(host) {
    host.disclose("host", { features: [NS_TIME] });
    host.iq({ target: "host", type: "get", xmlns: NS_TIME, name: "time" }, () => {
      const answer = new Element("time", { xmlns: NS_TIME });
      answer.c("tzo").t("+00:00");
      answer.c("utc").t(new Date(host.clock.now()).toISOString());
      return answer;
    });
  },
});
