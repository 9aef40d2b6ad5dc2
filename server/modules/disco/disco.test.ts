// Discovery tells strangers of an account nothing, and knows no nodes that nobody has. XEP-0030 §8, §3.2.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { ping } from "../ping/ping.ts";
import { disco } from "./disco.ts";

const INFO = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
const ITEMS = "<query xmlns='http://jabber.org/protocol/disco#items'/>";

test("the host says its name and what modules add; another name comes in place of the first", async () => {
  const fake = await FakeHost.with([[disco, { name: "Verona" }], ping]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  const info = await fake.ask(romeo, "get", INFO);
  expect(info).toContain('<identity category="server" type="im" name="Verona"/>');
  expect(info).toContain('<feature var="urn:xmpp:ping"/>');
  await fake.become([[disco, { name: "Mantua" }]]);
  const later = await fake.ask(romeo, "get", INFO);
  expect(later).toContain('name="Mantua"');
  expect(later).not.toMatch(/Verona|urn:xmpp:ping/);
});

test("an account is shown to itself; to others it says no more than one that there is not", async () => {
  const fake = await FakeHost.with([disco]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  await fake.session("juliet@verona.test/balcony");
  expect(await fake.ask(romeo, "get", INFO, "romeo@verona.test")).toContain('category="account"');
  for (const payload of [INFO, ITEMS]) {
    const others = await fake.ask(romeo, "get", payload, "juliet@verona.test");
    const nobodys = await fake.ask(romeo, "get", payload, "nobody@verona.test");
    expect(others.replace(/juliet|ask-\d+/g, "")).toBe(nobodys.replace(/nobody|ask-\d+/g, ""));
    expect(others).not.toContain("registered");
  }
});

test("a node that nobody has is not found", async () => {
  const fake = await FakeHost.with([disco]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  for (const what of ["info", "items"]) {
    const payload = `<query xmlns='http://jabber.org/protocol/disco#${what}' node='constructor'/>`;
    expect(await fake.ask(romeo, "get", payload)).toContain("<item-not-found");
  }
});
