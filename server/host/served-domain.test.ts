// A module serves a domain of its own beside its host, as long as it runs; one that somebody serves is refused.
import { expect, test } from "@jest/globals";
import { Element } from "ltx";
import { z } from "zod";
import { HostConfig } from "../../contract/contract.ts";
import { FakeHost } from "../../test/harness/fake-host.ts";
import { StanzaError } from "../../xmpp/stanza/error.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { defineModule, type ModuleDefinition } from "../module/define.ts";
import { domainNamed } from "../module/own-domain.ts";
import { disco } from "../modules/disco/disco.ts";
import { choicesOf } from "./choose-modules.ts";

const taken: string[] = [];

/** Serves `echo.` of its host. */
const echo = defineModule({
  name: "echo",
  implements: [],
  needs: ["disco"],
  config: z.strictObject({ domain: z.string().default("echo.") }),
  domain: ({ domain }, host) => domainNamed(domain, host),
  activate(host) {
    const { own } = host;
    own.disclose({ identities: [{ category: "component", type: "generic", name: "Echo" }], features: ["urn:echo"] });
    own.iq(
      { type: "get", xmlns: "urn:echo", name: "count" },
      () => new Element("count", { xmlns: "urn:echo", n: String(taken.length) }),
    );
    own.takes((stanza) => {
      if (stanza.to?.local === "fail") throw new Error("a secret");
      taken.push(`${stanza.kind} ${stanza.to}`);
    });
    return { takeSettings() {} };
  },
});

const INFO = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
const ITEMS = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
const message = (to: string) => `<message to='${to}' type='chat' id='m'><body>O</body></message>`;

test("requests, discovery and whatever comes to an address there are the module's", async () => {
  const fake = await FakeHost.with([echo]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  expect(await fake.ask(romeo, "get", ITEMS)).toContain('<item jid="echo.verona.test"/>');
  expect(await fake.ask(romeo, "get", INFO, "echo.verona.test")).toMatch(/name="Echo".*urn:echo/);
  await romeo.send(message("a@echo.verona.test/b"));
  await fake.comes("<presence from='x@mantua.test/y' to='echo.verona.test'/>");
  expect(taken).toEqual(["message a@echo.verona.test/b", "presence echo.verona.test"]);
  expect(await fake.ask(romeo, "get", "<count xmlns='urn:echo'/>", "echo.verona.test")).toContain('n="2"');
  expect(await fake.ask(romeo, "get", "<other xmlns='urn:echo'/>", "echo.verona.test")).toContain(
    "<service-unavailable",
  );
  await romeo.send(message("fail@echo.verona.test"));
  expect(romeo.now()).toEqual([expect.stringMatching(/from='fail@echo.*<internal-server-error(?!.*secret)/)]);
});

test("with another name it is another domain; over, it is nobody's", async () => {
  const fake = await FakeHost.with([[echo, { domain: "echo.example" }]]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  await fake.become([echo]);
  expect(await fake.ask(romeo, "get", ITEMS)).not.toContain("echo.example");
  expect(await fake.ask(romeo, "get", INFO, "echo.verona.test")).toContain("Echo");
  await fake.become([disco]);
  await romeo.send(message("a@echo.verona.test"));
  expect(fake.sentNow()).toEqual([expect.stringContaining("to='a@echo.verona.test'")]);
  expect(await fake.ask(romeo, "get", ITEMS)).not.toContain("<item");
});

test("one that is served already is a mistake of the configuration, told with its place", () => {
  const host = (domain: string, name: string) => ({
    ...HostConfig.parse({ domain }),
    modules: { echo: { domain: name } },
  });
  const lone = { ...echo, needs: [] } as unknown as ModuleDefinition;
  const told = (...hosts: ReturnType<typeof host>[]) => {
    const components = [{ domain: "taken.test", secret: "sixteen characters" }];
    return () => choicesOf({ hosts, components } as never, new Set(), new Map([["echo", lone]]));
  };
  expect(told(host("a.test", "echo."), host("b.test", "echo."))).not.toThrow();
  const [a, b] = ["hosts[0].modules.echo", "hosts[1].modules.echo"];
  expect(told(host("a.test", "b.test"), host("b.test", "echo."))).toThrow(
    `${a}: its domain b.test is served by hosts[1]`,
  );
  expect(told(host("a.test", "taken.test"))).toThrow(`${a}: its domain taken.test is served by components[0] already`);
  expect(told(host("a.test", "x.test"), host("b.test", "x.test"))).toThrow(`${b}: its domain x.test is served by ${a}`);
  expect(told(host("a.test", "not a domain"))).toThrow(`${a}: "not a domain" is no domain`);
});

/** Rooms, of which one is hidden from everybody but juliet. */
const rooms = defineModule({
  name: "rooms",
  implements: [],
  config: z.strictObject({}),
  domain: (_, host) => domainNamed("rooms.", host),
  activate({ own }) {
    own.entities({
      async find({ local }, from) {
        if (local === "fail") throw new StanzaError("forbidden");
        if (local !== "capulets" && (local !== "tomb" || from.local !== "juliet")) return undefined;
        return { identities: [{ category: "conference", type: "text", name: local }], features: ["muc_open"] };
      },
      listed: ({ local }) => [{ jid: `capulets@${own.domain}`, name: `for ${local}` }],
    });
    own.takes((stanza) => void taken.push(`${stanza.kind} ${stanza.to}`));
  },
});

/** Another module, which serves something of every room and of the domain. */
const archive = defineModule({
  name: "archive",
  implements: [],
  config: z.strictObject({}),
  activate(host) {
    host.iq(
      { target: "entity:rooms", type: "get", xmlns: "urn:archive", name: "query" },
      ({ to, session }) => new Element("query", { xmlns: "urn:archive", of: to.local, by: session?.jid.local }),
    );
    host.iq({ target: "domain:rooms", type: "get", xmlns: "urn:archive", name: "query" }, () => undefined);
    host.disclose("entity:rooms", { features: ["urn:archive"] });
    host.disclose("domain:rooms", { features: ["urn:archive:all"] });
  },
});

const ARCHIVE = "<query xmlns='urn:archive'/>";

test("what lives at the domain answers by its owner and by other modules, whichever began first", async () => {
  const fake = await FakeHost.with([archive, rooms, disco]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  const room = "capulets@rooms.verona.test";
  const info = await fake.ask(romeo, "get", INFO, room);
  expect(info).toMatch(/name="capulets".*disco#info.*muc_open.*urn:archive/);
  expect(await fake.ask(romeo, "get", ITEMS, room)).toContain("type='result'");
  expect(await fake.ask(romeo, "get", ARCHIVE, room)).toContain('of="capulets" by="romeo"');
  expect(await fake.ask(romeo, "get", "<other xmlns='urn:archive'/>", room)).toContain("<service-unavailable");
  const domain = await fake.ask(romeo, "get", INFO, "rooms.verona.test");
  expect(domain).toContain("urn:archive:all");
  expect(domain).not.toContain("muc_open");
  expect(await fake.ask(romeo, "get", ARCHIVE, "rooms.verona.test")).toContain("type='result'");
  expect(await fake.ask(romeo, "get", ITEMS, "rooms.verona.test")).toContain(
    '<item jid="capulets@rooms.verona.test" name="for romeo"/>',
  );
  taken.length = 0;
  await romeo.send(message(room));
  await romeo.send(`<iq type='get' id='1' to='${room}/nick'>${ARCHIVE}</iq>`);
  expect(taken).toEqual([`message ${room}`, `iq ${room}/nick`]);
  await fake.become([rooms, disco]);
  expect(await fake.ask(romeo, "get", INFO, room)).not.toContain("urn:archive");
  expect(await fake.ask(romeo, "get", ARCHIVE, room)).toContain("<service-unavailable");
});

test("a stranger is told the same of what is hidden and of what is not there, whatever is asked", async () => {
  const fake = await FakeHost.with([rooms, archive]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  const juliet = await fake.session("juliet@verona.test/balcony");
  for (const payload of [INFO, ITEMS, ARCHIVE, "<other xmlns='urn:archive'/>", INFO.replace("/>", " node='x'/>")])
    for (const type of ["get", "set"] as const) {
      const hidden = await fake.ask(romeo, type, payload, "tomb@rooms.verona.test");
      const nothing = await fake.ask(romeo, type, payload, "none@rooms.verona.test");
      expect(hidden.replace(/tomb|ask-\d+/g, "")).toBe(nothing.replace(/none|ask-\d+/g, ""));
      expect(hidden).toContain("<item-not-found");
    }
  expect(await fake.ask(juliet, "get", INFO, "tomb@rooms.verona.test")).toContain('name="tomb"');
  expect(await fake.ask(juliet, "get", INFO, "fail@rooms.verona.test")).toContain("<forbidden");
});

test("answers to something at the domain are for whoever asked in its name", async () => {
  const answers: string[] = [];
  const asking = defineModule({
    ...rooms,
    activate(host, settings) {
      host.on("session.bound", ({ session }) => {
        const to = session.jid;
        const ask = `<iq type='get' from='capulets@rooms.verona.test' to='${to}' id='r'>${ARCHIVE}</iq>`;
        host.request(Stanza.fromText(ask), (answer) => void answers.push(`${answer?.type}`));
      });
      return rooms.activate(host, settings);
    },
  });
  const fake = await FakeHost.with([asking]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  const id = /id='([^']+)'/.exec(romeo.now().join(""))?.[1];
  await romeo.send(`<iq type='result' id='${id}' to='capulets@rooms.verona.test'/>`);
  expect(answers).toEqual(["result"]);
});

test("a domain is served from activation to the end, also where the module never looks at it", async () => {
  const idle = defineModule({ ...rooms, activate() {} });
  const fake = await FakeHost.with([]);
  const before = fake.registered();
  await fake.become([idle]);
  expect(fake.registered()).toContain("domain rooms.verona.test");
  const romeo = await fake.session("romeo@verona.test/orchard");
  expect(await fake.ask(romeo, "get", INFO, "rooms.verona.test")).toContain("disco#info");
  for (const module of [rooms, archive]) {
    await fake.become([module]);
    await fake.become([]);
    expect(fake.registered()).toEqual(before);
  }
});

test("what comes while the module is brought up waits for it, and is for the one that serves the domain then", async () => {
  const { promise: ready, resolve: letGo } = Promise.withResolvers<void>();
  const slow = defineModule({
    ...rooms,
    async activate(host, settings): Promise<void> {
      await ready;
      await rooms.activate(host, settings);
    },
  });
  const fake = await FakeHost.with([disco]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  const change = fake.become([disco, slow]);
  await Promise.resolve();
  taken.length = 0;
  const sent = romeo.send(message("capulets@rooms.verona.test"));
  letGo();
  await Promise.all([change, sent]);
  expect(taken).toEqual(["message capulets@rooms.verona.test"]);
});

test("what comes while the module is taken down for other settings waits for it too", async () => {
  const { promise: farewell, resolve: letGo } = Promise.withResolvers<void>();
  const slow = defineModule({
    ...rooms,
    config: z.strictObject({ n: z.number().default(1) }),
    domain: (_, host) => `rooms.${host}`,
    activate(host) {
      rooms.activate(host, {});
      return { deactivate: () => farewell };
    },
  });
  const fake = await FakeHost.with([slow]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  taken.length = 0;
  const change = fake.become([[slow, { n: 2 }]]);
  await Promise.resolve();
  const sent = [romeo.send(message("hall@rooms.verona.test")), fake.comes(message("tomb@rooms.verona.test"))];
  letGo();
  await Promise.all([change, ...sent]);
  // The client's waits at the stages too, and so comes last.
  expect(taken).toEqual(["message tomb@rooms.verona.test", "message hall@rooms.verona.test"]);
  expect(fake.sentNow()).toEqual([]);
  const over = fake.become([]);
  await Promise.resolve();
  const late = fake.comes(message("hall@rooms.verona.test").replace(" to", " from='x@mantua.test/y' to"));
  await Promise.all([over, late]);
  expect(fake.registered()).not.toContain("domain rooms.verona.test");
  expect(fake.sentNow()).toEqual([expect.stringMatching(/to='x@mantua.test.y'.*<service-unavailable/)]);
});
