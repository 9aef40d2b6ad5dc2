// Last activity of an account, and how long the server is up. XEP-0012.

import { Element } from "ltx";
import { NoSettings } from "../../../contract/modules/index.ts";
import { StanzaError } from "../../../xmpp/stanza/error.ts";
import { DOCUMENTS } from "../../documents/store.ts";
import { defineModule, type IqRequest, type ModuleHost } from "../../module/define.ts";
import type { DocumentKind, Documents } from "../../module/documents.ts";
import { hasFrom, type Rosters, rostersApi } from "../roster/api.ts";

const NS_LAST = "jabber:iq:last";

/** When an account was there last, ms since the epoch; one for each. */
const LAST_SEEN: DocumentKind<number> = { name: "last", toText: String, fromText: Number };

/** The last activity module. */
export const last = defineModule({
  name: "last",
  implements: ["XEP-0012 2.0"],
  needs: ["disco", "roster"],
  stores: [DOCUMENTS],
  config: NoSettings,
  activate(host) {
    const started = host.clock.now();
    const seen = host.documents(LAST_SEEN);
    const rosters = host.use(rostersApi);
    host.disclose("host", { features: [NS_LAST] });
    host.iq({ target: "host", type: "get", xmlns: NS_LAST, name: "query" }, () => answer(host, started));
    host.iq({ target: "account", type: "get", xmlns: NS_LAST, name: "query", audience: "anyone" }, (request) =>
      ofAccount({ host, rosters, seen }, request),
    );
    host.on("session.unavailable", async ({ session }) => {
      if (host.sessions.available(session.account.local).length > 0) return;
      await seen.put(session.account.local, "", host.clock.now());
    });
  },
});

/** What an answer rests on. */
interface LastParts {
  readonly host: ModuleHost;
  readonly rosters: Rosters;
  readonly seen: Documents<number>;
}

/**
 * XEP-0012 §4, §8: only for those who may see the account's presence. Others are told what they are told of an account
 * that does not exist, and not `forbidden`, which would say that there is one.
 */
async function ofAccount({ host, rosters, seen }: LastParts, request: IqRequest): Promise<Element> {
  const { from, to } = request;
  const item = (await rosters.of(to.local)).items.get(from.bare);
  if (from.bare !== to.bare && (item === undefined || !hasFrom(item))) throw new StanzaError("service-unavailable");
  if (host.sessions.available(to.local).length > 0) return answer(host, host.clock.now());
  const since = await seen.get(to.local, "");
  if (since === undefined) throw new StanzaError("item-not-found", "the account was never there");
  return answer(host, since);
}

function answer(host: ModuleHost, since: number): Element {
  const seconds = String(Math.max(0, Math.floor((host.clock.now() - since) / 1000)));
  return new Element("query", { xmlns: NS_LAST, seconds });
}
