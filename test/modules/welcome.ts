// Welcomes whoever comes online for the first time since the module began, and tells how many those were.
import { Element } from "ltx";
import { z } from "zod";
import { defineModule, liveSettings, type ModuleHost } from "../../server/module/define.ts";
import type { ClientSession } from "../../server/ports/session.ts";
import { Content } from "../../xmpp/stanza/content.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { escapeText } from "../../xmpp/xml/escape.ts";

const NS = "urn:example:welcome";

/** Accounts remembered, so that memory is bounded whoever comes. */
const KNOWN_LIMIT = 10_000;

/** In a module of Meridian this stands in contract/modules/welcome.ts, and in the contract's list of modules. */
export const WelcomeSettings = z.strictObject({
  text: z.string().min(1).max(1000).default("Welcome.").describe("What is said."),
});

/** The welcome module. */
export const welcome = defineModule({
  name: "welcome",
  implements: [],
  needs: ["disco", "presence"],
  byDefault: false,
  config: WelcomeSettings,
  activate(host, given) {
    const { settings, activation } = liveSettings(given);
    const known = new Set<string>();
    host.disclose("host", { features: [NS] });
    host.iq(
      { target: "host", type: "get", xmlns: NS, name: "welcomed" },
      () => new Element("welcomed", { xmlns: NS, count: String(known.size) }),
    );
    host.on("session.available", ({ session }) => {
      if (known.has(session.account.local) || known.size >= KNOWN_LIMIT) return;
      known.add(session.account.local);
      session.deliver(greeting(host, session, settings.text));
    });
    return activation;
  },
});

function greeting(host: ModuleHost, session: ClientSession, text: string): Stanza {
  const tail = `><body>${escapeText(text)}</body></message>`;
  const content = new Content(undefined, "headline", undefined, "", tail, [{ name: "body", xmlns: "jabber:client" }]);
  return new Stanza("message", host.jid, session.jid, content);
}
