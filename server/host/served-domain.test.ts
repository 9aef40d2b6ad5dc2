// A module serves a domain of its own beside its host, as long as it runs; one that somebody serves is refused.
import { expect, test } from "@jest/globals";
import { Element } from "ltx";
import { z } from "zod";
import { HostConfig } from "../../contract/contract.ts";
import { FakeHost } from "../../test/harness/fake-host.ts";
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
