// Notes of accounts at a domain of their own, where each account's are an entity that nobody else can tell from none.
import { Element } from "ltx";
import { z } from "zod";
import { defineModule, liveSettings } from "../../server/module/define.ts";
import { domainNamed } from "../../server/module/own-domain.ts";
import type { HttpRoute } from "../../server/ports/http.ts";
import { StanzaError } from "../../xmpp/stanza/error.ts";
import { NAME_BYTES, NOTES } from "./notes-store.ts";

const NS = "urn:example:notes";
const TERMS: HttpRoute = { method: "GET", path: "/terms" };

/** In a module of Meridian this stands in contract/modules/notes.ts, and in the contract's list of modules. */
export const NotesSettings = z.strictObject({
  domain: z
    .string()
    .min(1)
    .default("notes.")
    .describe("Where notes are; before the host's name where it ends with a dot."),
  limit: z.int().min(1).max(1000).default(10).describe("Notes of one account."),
});

/** The notes module. */
export const notes = defineModule({
  name: "notes",
  implements: [],
  byDefault: false,
  stores: [NOTES],
  services: ["http"],
  routes: [TERMS],
  domain: ({ domain }, host) => domainNamed(domain, host),
  config: NotesSettings,
  activate(host, given) {
    const { settings, activation } = liveSettings(given);
    const { domain, own } = host;
    const store = host.store(NOTES);
    own.disclose({ identities: [{ category: "store", type: "file", name: "Notes" }] });
    own.http(TERMS, () => ({ status: 200, body: `${settings.limit} notes each\n` }));
    host.disclose("entity:notes", { features: [NS] });
    own.entities({
      find: (entity, from) =>
        from.domain === domain && from.local === entity.local
          ? { identities: [{ category: "store", type: "file", name: `Notes of ${entity.local}` }] }
          : undefined,
    });
    // Whoever comes as far as this was found to have notes here.
    host.iq({ target: "entity:notes", type: "get", xmlns: NS, name: "notes" }, async ({ to }) => {
      const answer = new Element("notes", { xmlns: NS });
      for (const { name, text } of await store.all(domain, to.local)) answer.c("note", { name }).t(text);
      return answer;
    });
    host.iq({ target: "entity:notes", type: "set", xmlns: NS, name: "note" }, async ({ to, payload }) => {
      const name = String(payload.attrs.name ?? "");
      if (Buffer.byteLength(name) > NAME_BYTES) throw new StanzaError("bad-request");
      // Alone in the cluster, so that two at once do not come to more than the limit.
      const kept = await host.exclusive(`notes ${to.local}`, (section) => {
        section.check();
        return store.put({ domain, local: to.local }, { name, text: payload.text() }, settings.limit);
      });
      if (!kept) throw new StanzaError("resource-constraint");
      return undefined;
    });
    return activation;
  },
});
