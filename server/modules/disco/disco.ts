// Service discovery of a host and of its accounts. XEP-0030.
import { Element } from "ltx";
import { DiscoSettings } from "../../../contract/modules/disco.ts";
import { StanzaError } from "../../../xmpp/stanza/error.ts";
import { NS_DISCO_INFO, NS_DISCO_ITEMS } from "../../../xmpp/xml/namespaces.ts";
import { parseElement } from "../../../xmpp/xml/tree.ts";
import { defineModule, type IqRequest } from "../../module/define.ts";
import type { DiscoReading, Identity, NodeInfo } from "../../module/disco-registry.ts";
import { hasFrom } from "../roster/item.ts";
import { type Rosters, rostersApi } from "../roster/rosters.ts";

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
    host.iq("host", "get", NS_DISCO_INFO, "query", (request) => info(registry.host, request));
    host.iq("host", "get", NS_DISCO_ITEMS, "query", (request) => items(registry.host, request));
    host.iq(
      "account",
      "get",
      NS_DISCO_INFO,
      "query",
      async (request) => {
        if (!(await maySee(rosters, request))) throw new StanzaError("service-unavailable");
        return info(registry.account, request);
      },
      "anyone",
    );
    host.iq(
      "account",
      "get",
      NS_DISCO_ITEMS,
      "query",
      async (request) =>
        (await maySee(rosters, request))
          ? items(registry.account, request)
          : new Element("query", { xmlns: NS_DISCO_ITEMS }),
      "anyone",
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

function info(entry: DiscoReading, request: IqRequest): Element {
  const ofNode = nodeInfo(entry, request);
  const query = ofNode === undefined ? queryFor(entry, request, NS_DISCO_INFO) : queryOf(request, NS_DISCO_INFO);
  const { identities, features } = ofNode ?? { identities: entry.identities, features: [...entry.features] };
  for (const identity of identities) query.c("identity", attributesOf(identity));
  for (const feature of [...features].sort()) query.c("feature", { var: feature });
  if (ofNode !== undefined) return query;
  for (const form of entry.forms) query.cnode(parseElement(form));
  return query;
}

function attributesOf({ category, type, name }: Identity): Record<string, string> {
  return name === undefined ? { category, type } : { category, type, name };
}

/** What a module says of the node asked about. */
function nodeInfo(entry: DiscoReading, { payload, from }: IqRequest): NodeInfo | undefined {
  const { node } = payload.attrs;
  return node === undefined ? undefined : entry.nodeInfo(node, from);
}

function items(entry: DiscoReading, request: IqRequest): Element {
  const { node } = request.payload.attrs;
  const ofNode = node === undefined ? undefined : entry.nodeItems(node, request.from);
  if (ofNode !== undefined) {
    const query = queryOf(request, NS_DISCO_ITEMS);
    for (const item of ofNode) query.c("item", { ...item });
    return query;
  }
  if (nodeInfo(entry, request) !== undefined) return queryOf(request, NS_DISCO_ITEMS);
  const query = queryFor(entry, request, NS_DISCO_ITEMS);
  for (const item of entry.items) query.c("item", { ...item });
  return query;
}

/** The answer's root; a node nobody knows is `item-not-found`. XEP-0030 §3.2. */
function queryFor(entry: DiscoReading, request: IqRequest, xmlns: string): Element {
  const { node } = request.payload.attrs;
  if (node !== undefined && !entry.isAlias(node)) throw new StanzaError("item-not-found");
  return queryOf(request, xmlns);
}

/** The answer's root, which names the node asked about. */
function queryOf(request: IqRequest, xmlns: string): Element {
  const { node } = request.payload.attrs;
  return new Element("query", node === undefined ? { xmlns } : { xmlns, node });
}
