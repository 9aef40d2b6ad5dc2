// Service discovery of a host and of its accounts. XEP-0030.
import { Element } from "ltx";
import { DiscoSettings } from "../../../contract/modules/disco.ts";
import { StanzaError } from "../../../xmpp/stanza/error.ts";
import { NS_DISCO_INFO, NS_DISCO_ITEMS } from "../../../xmpp/xml/namespaces.ts";
import { defineModule, type IqRequest } from "../../module/define.ts";
import { info, items } from "../../module/disco-answers.ts";
import { hasFrom, type Rosters, rostersApi } from "../roster/api.ts";

/** The disco module. */
export const disco = defineModule({
  name: "disco",
  implements: ["XEP-0030 2.5.0"],
  needs: ["roster"],
  config: DiscoSettings,
  activate(host, config) {
    const { disco: registry } = host;
    const rosters = host.use(rostersApi);
    const features = [NS_DISCO_INFO, NS_DISCO_ITEMS];
    const named = (name: string) => host.disclose("host", { identities: [{ category: "server", type: "im", name }] });
    let unname = named(config.name);
    host.disclose("host", { features });
    host.disclose("account", { features, identities: [{ category: "account", type: "registered" }] });
    host.iq({ target: "host", type: "get", xmlns: NS_DISCO_INFO, name: "query" }, (request) =>
      info(registry.host, request),
    );
    host.iq({ target: "host", type: "get", xmlns: NS_DISCO_ITEMS, name: "query" }, (request) =>
      items(registry.host, request),
    );
    host.iq(
      { target: "account", type: "get", xmlns: NS_DISCO_INFO, name: "query", audience: "anyone" },
      async (request) => {
        if (!(await maySee(rosters, request))) throw new StanzaError("service-unavailable");
        return info(registry.account, request);
      },
    );
    host.iq(
      { target: "account", type: "get", xmlns: NS_DISCO_ITEMS, name: "query", audience: "anyone" },
      async (request) =>
        (await maySee(rosters, request))
          ? items(registry.account, request)
          : new Element("query", { xmlns: NS_DISCO_ITEMS }),
    );
    return {
      takeSettings({ name }) {
        unname();
        unname = named(name);
      },
    };
  },
});

/** An account is shown to itself and to those who get its presence. XEP-0030 §8. */
async function maySee(rosters: Rosters, { from, to }: IqRequest): Promise<boolean> {
  if (from.bare === to.bare) return true;
  const item = (await rosters.of(to.local)).items.get(from.bare);
  return item !== undefined && hasFrom(item);
}
