// A roster has what its owner put in it, within bounds, and each of its devices hears of changes. RFC 6121 §2.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { roster } from "./roster.ts";

const NS = "jabber:iq:roster";
const ROMEO = "romeo@verona.test";
const get = `<query xmlns='${NS}'/>`;
const item = (jid: string, more = "", content = "") =>
  `<query xmlns='${NS}'><item jid='${jid}'${more}>${content}</item></query>`;

async function setUp(settings: object = {}) {
  const fake = await FakeHost.with([[roster, settings]]);
  const romeo = await fake.session(`${ROMEO}/orchard`);
  const set = (payload: string) => fake.ask(romeo, "set", payload, ROMEO);
  return { fake, romeo, set };
}

test("who asked for it hears of each change, who did not hears nothing", async () => {
  const { fake, romeo, set } = await setUp();
  const phone = await fake.session(`${ROMEO}/phone`);
  expect(await fake.ask(phone, "get", get, ROMEO)).toContain("ver=");
  expect(await set(item("Juliet@Verona.test", " name='Juliet'", "<group>Capulet</group>"))).toContain("type='result'");
  expect(romeo.now()).toEqual([]);
  expect(phone.now()).toEqual([expect.stringMatching(/type='set'.*jid="juliet@verona.test".*Capulet/)]);
  expect(await set(item("juliet@verona.test", " subscription='remove'"))).toContain("type='result'");
  expect(phone.now()).toEqual([expect.stringContaining('subscription="remove"')]);
});

test("a client that has the present version is sent none", async () => {
  const { fake, romeo, set } = await setUp();
  await set(item("juliet@verona.test"));
  const version = /ver="([^"]+)"/.exec(await fake.ask(romeo, "get", get, ROMEO))?.[1];
  expect(await fake.ask(romeo, "get", `<query xmlns='${NS}' ver='${version}'/>`, ROMEO)).not.toContain("<query");
});

test("requests with a mistake change nothing", async () => {
  const { fake, romeo, set } = await setUp({ maxItems: 1, maxGroups: 1 });
  expect(await set(`<query xmlns='${NS}'/>`)).toContain("<bad-request");
  expect(await set(item("@verona.test"))).toContain("<jid-malformed");
  expect(await set(item(ROMEO))).toContain("<not-allowed");
  expect(await set(item("a@verona.test", "", "<group>a</group><group>a</group>"))).toContain("<bad-request");
  expect(await set(item("a@verona.test", "", "<group>a</group><group>b</group>"))).toContain("<not-acceptable");
  expect(await set(item("a@verona.test", "", "<group/>"))).toContain("<not-acceptable");
  expect(await set(item("a@verona.test", " subscription='remove'"))).toContain("<item-not-found");
  expect(await fake.ask(romeo, "get", get, ROMEO)).not.toContain("<item");
});

test("it has as many items as its settings say now", async () => {
  const { fake, set } = await setUp({ maxItems: 1 });
  expect(await set(item("a@verona.test"))).toContain("type='result'");
  expect(await set(item("b@verona.test"))).toContain("at most 1 items");
  await fake.become([[roster, { maxItems: 2 }]]);
  expect(await set(item("b@verona.test"))).toContain("type='result'");
});

test("it is nobody else's to read or change", async () => {
  const { fake } = await setUp();
  const tybalt = await fake.session("tybalt@verona.test/street");
  expect(await fake.ask(tybalt, "get", get, ROMEO)).toContain("<service-unavailable");
  expect(await fake.ask(tybalt, "set", item("a@verona.test"), ROMEO)).toContain("<service-unavailable");
});
