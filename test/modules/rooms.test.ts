// What lives at a module's own domain, on a node: for its clients and for other servers, who learn nothing of what is hidden.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Element } from "ltx";
import { NoSettings } from "../../contract/modules/index.ts";
import { defineModule, type ModuleDefinition } from "../../server/module/define.ts";
import { MODULES } from "../../server/modules/index.ts";
import { parseTalk } from "../harness/parse-talk.ts";
import { runTalk } from "../harness/run-talk.ts";

/** Rooms that give back what they are told; the tomb is hidden from whoever is not juliet. */
const rooms = defineModule({
  name: "rooms",
  implements: [],
  config: NoSettings,
  domain: (_settings, host) => `rooms.${host}`,
  activate(host) {
    host.own.disclose({ identities: [{ category: "conference", type: "text" }] });
    host.own.entities({
      async find({ local }, from) {
        if (local !== "hall" && (local !== "tomb" || from.local !== "juliet")) return undefined;
        return { identities: [{ category: "conference", type: "text", name: local }], features: ["muc_public"] };
      },
      listed: (_from) => [{ jid: `hall@${host.own.domain}` }],
    });
    host.own.takes((stanza) => stanza.from && stanza.to && host.route(stanza.withAddresses(stanza.to, stanza.from)));
  },
});

/** Serves something of every room, and needs nothing of the module whose they are. */
const archive = defineModule({
  name: "archive",
  implements: [],
  config: NoSettings,
  activate(host) {
    host.disclose("entity:rooms", { features: ["urn:example:archive"] });
    host.iq(
      { target: "entity:rooms", type: "get", xmlns: "urn:example:archive", name: "archive" },
      ({ to }) => new Element("archive", { xmlns: "urn:example:archive", of: to.local }),
    );
  },
});

const known = MODULES as Map<string, ModuleDefinition>;
beforeAll(() => {
  for (const module of [archive, rooms]) known.set(module.name, module as ModuleDefinition);
});
afterAll(() => {
  for (const { name } of [archive, rooms]) known.delete(name);
});

const INFO = `<query xmlns="http://jabber.org/protocol/disco#info"/>`;
const ITEMS = `<query xmlns="http://jabber.org/protocol/disco#items"/>`;
const ARCHIVE = `<archive xmlns="urn:example:archive"/>`;
const GONE = `<error type="cancel"><item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>`;

/** What somebody is told of the tomb and of nothing, whatever it asks. */
const refusals = (asker: string) =>
  [INFO, ITEMS, ARCHIVE, `<other xmlns="urn:nobody:knows"/>`].flatMap((payload, i) =>
    ["tomb", "nothing"].flatMap((local) => {
      const room = `${local}@rooms.verona.test`;
      return [
        `${asker} > <iq to="${room}" type="get" id="${local}-${i}">${payload}</iq>`,
        `${asker} < <iq from="${room}" type="error" id="${local}-${i}" {...}>${GONE}</iq>`,
      ];
    }),
  );

test.each([
  [
    "clients",
    `server verona.test
romeo  = romeo@verona.test/orchard
juliet = juliet@verona.test/balcony

romeo  > <iq to="rooms.verona.test" type="get" id="1">${ITEMS}</iq>
romeo  < <iq from="rooms.verona.test" type="result" id="1" {...}><query xmlns="http://jabber.org/protocol/disco#items"><item jid="hall@rooms.verona.test"/></query></iq>
juliet > <iq to="tomb@rooms.verona.test" type="get" id="2">${INFO}</iq>
juliet < <iq from="tomb@rooms.verona.test" type="result" id="2" {...}><query xmlns="http://jabber.org/protocol/disco#info"><identity category="conference" type="text" name="tomb"/><feature var="http://jabber.org/protocol/disco#info"/><feature var="http://jabber.org/protocol/disco#items"/><feature var="muc_public"/><feature var="urn:example:archive"/></query></iq>
juliet > <iq to="tomb@rooms.verona.test" type="get" id="3">${ARCHIVE}</iq>
juliet < <iq from="tomb@rooms.verona.test" type="result" id="3" {...}><archive xmlns="urn:example:archive" of="tomb"/></iq>
${refusals("romeo").join("\n")}
romeo  > <message to="hall@rooms.verona.test" type="groupchat"><body>Hark</body></message>
romeo  < <message from="hall@rooms.verona.test" type="groupchat" {...}><body>Hark</body></message>`,
  ],
  [
    "another server",
    `server verona.test
server capulet.test
dns _xmpp-server._tcp.rooms.verona.test SRV 0 0 5269 node-1.verona.test
dns _xmpps-server._tcp.rooms.verona.test none
tybalt = tybalt@capulet.test/r

${refusals("tybalt").join("\n")}`,
  ],
])("rooms of a module: %s", async (title, lines) => {
  const talk = parseTalk(`${title}     XEP-0045 §6\n${lines}\n`, title);
  expect(talk.cases).toHaveLength(1);
  for (const one of talk.cases) await runTalk(talk, one);
});
