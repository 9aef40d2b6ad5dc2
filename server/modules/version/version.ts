// Software version of the server. XEP-0092.
import { readFileSync } from "node:fs";
import { Element } from "ltx";
import { VersionSettings } from "../../../contract/modules/version.ts";
import { NS_VERSION } from "../../../xmpp/xml/namespaces.ts";
import { defineModule, liveSettings } from "../../module/define.ts";

/** Version from the package. */
export const SOFTWARE_VERSION: string = JSON.parse(
  readFileSync(new URL("../../../package.json", import.meta.url), "utf8"),
).version;

/** The version module. */
export const version = defineModule({
  name: "version",
  implements: ["XEP-0092 1.1"],
  needs: ["disco"],
  config: VersionSettings,
  activate(host, given) {
    const { settings, activation } = liveSettings(given);
    host.disclose("host", { features: [NS_VERSION] });
    host.iq({ target: "host", type: "get", xmlns: NS_VERSION, name: "query" }, () => {
      const query = new Element("query", { xmlns: NS_VERSION });
      query.c("name").t("Meridian");
      query.c("version").t(SOFTWARE_VERSION);
      if (settings.showOs) query.c("os").t(process.platform);
      return query;
    });
    return activation;
  },
});
