// Addresses that an operator gave are in the one form about the server, by purpose. XEP-0157.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { serverinfo } from "../serverinfo/serverinfo.ts";
import { contacts } from "./contacts.ts";

const INFO = "<query xmlns='http://jabber.org/protocol/disco#info'/>";

test("each purpose that has addresses is a field; a form of two modules is one", async () => {
  const fake = await FakeHost.with([[contacts, { abuse: ["mailto:a&b@verona.test"], sales: [] }], serverinfo]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  const info = await fake.ask(romeo, "get", INFO);
  expect(info).toContain(
    "<field var='abuse-addresses' type='list-multi'><value>mailto:a&amp;b@verona.test</value></field>",
  );
  expect(info).toContain("var='serverinfo-pubsub-node'");
  expect(info).not.toContain("sales-addresses");
  expect(info.match(/jabber:x:data/g)).toHaveLength(1);
});

test("without any there is no form", async () => {
  const fake = await FakeHost.with([contacts]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  expect(await fake.ask(romeo, "get", INFO)).not.toContain("jabber:x:data");
});
