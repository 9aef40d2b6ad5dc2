// Which domains this one federates with, for maps of the network; names only of those that take part too. XEP-0485.
import { randomBytes } from "node:crypto";
import { Element } from "ltx";
import { NoSettings } from "../../../contract/modules/index.ts";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { StanzaError } from "../../../xmpp/stanza/error.ts";
import { buildIq } from "../../../xmpp/stanza/iq.ts";
import { NS_DISCO_INFO } from "../../../xmpp/xml/namespaces.ts";
import { defineModule, type ModuleHost } from "../../module/define.ts";

const NS_SERVERINFO = "urn:xmpp:serverinfo:0";
const NS_PUBSUB = "http://jabber.org/protocol/pubsub";
const NODE = "serverinfo";
/** ms that a domain's word about taking part is kept. */
const ASKED_LIFE = 86_400_000;
/** Domains asked for each reading, and remembered in all. */
const ASK_LIMIT = 20;
const KNOWN_LIMIT = 5_000;

/** The module. A domain that switches it on lets others publish its name, too. */
export const serverinfo = defineModule({
  name: "serverinfo",
  implements: ["XEP-0485 0.1.1"],
  needs: ["disco"],
  grants: ["remoteLinks"],
  byDefault: false,
  config: NoSettings,
  activate(host) {
    const consents = new Consents(host);
    const field = `<field var='serverinfo-pubsub-node'><value>xmpp:${host.domain}?;node=${NODE}</value></field>`;
    host.disclose("host", { features: [NS_SERVERINFO], networkInfo: () => field });
    host.iq({ target: "host", type: "get", xmlns: NS_PUBSUB, name: "pubsub" }, ({ payload }) => {
      const items = payload.getChild("items", NS_PUBSUB);
      if (items === undefined) throw new StanzaError("feature-not-implemented");
      if (items.attrs.node !== NODE) throw new StanzaError("item-not-found");
      const answer = new Element("pubsub", { xmlns: NS_PUBSUB });
      answer.c("items", { node: NODE }).c("item", { id: "current" }).cnode(describe(host, consents));
      return answer;
    });
  },
});

function describe(host: ModuleHost, consents: Consents): Element {
  const info = new Element("serverinfo", { xmlns: NS_SERVERINFO });
  const federation = info.c("domain", { name: host.domain }).c("federation");
  const byRemote = new Map<string, Set<string>>();
  for (const { local, remote, direction } of host.remoteLinks()) {
    if (local !== host.domain) continue;
    const known = byRemote.get(remote) ?? new Set();
    byRemote.set(remote, known.add(direction));
  }
  for (const [remote, directions] of byRemote) {
    const named = consents.of(remote) ? { name: remote } : {};
    const element = federation.c("remote-domain", named);
    for (const direction of directions) element.c("connection", { type: direction });
  }
  consents.nextReading();
  return info;
}

/** Which domains let their names be published: they announce the same feature. XEP-0485 §6. */
class Consents {
  private readonly host: ModuleHost;
  private readonly known = new Map<string, { readonly consents: boolean; readonly until: number }>();
  private asked = 0;

  constructor(host: ModuleHost) {
    this.host = host;
  }

  nextReading(): void {
    this.asked = 0;
  }

  /** False until the domain has said so; it is asked in passing. */
  of(domain: string): boolean {
    const known = this.known.get(domain);
    if (known !== undefined && known.until > this.host.clock.now()) return known.consents;
    if (this.asked++ < ASK_LIMIT) this.ask(domain);
    return false;
  }

  private ask(domain: string): void {
    const { host } = this;
    const to = Jid.tryParse(domain);
    if (to === undefined) return;
    this.keep(domain, false);
    const query = new Element("query", { xmlns: NS_DISCO_INFO });
    const request = buildIq({ type: "get", from: host.jid, to, id: randomBytes(8).toString("hex") }, query);
    host.request(request, (answer) => {
      if (answer?.type !== "result") return;
      const features = answer.element().getChild("query", NS_DISCO_INFO)?.getChildren("feature", NS_DISCO_INFO) ?? [];
      this.keep(
        domain,
        features.some(({ attrs }) => attrs.var === NS_SERVERINFO),
      );
    });
  }

  private keep(domain: string, consents: boolean): void {
    if (this.known.size >= KNOWN_LIMIT) this.known.clear();
    this.known.set(domain, { consents, until: this.host.clock.now() + ASKED_LIFE });
  }
}
