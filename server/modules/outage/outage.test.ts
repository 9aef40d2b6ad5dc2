// Where to look when the service is down is told by a form, where an operator gave an address. XEP-0455.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { outage } from "./outage.ts";

const INFO = "<query xmlns='http://jabber.org/protocol/disco#info'/>";

test("addresses are told, and others once they change", async () => {
  const fake = await FakeHost.with([[outage, { addresses: ["https://status.test/v.json"] }]]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  expect(await fake.ask(romeo, "get", INFO)).toMatch(/urn:xmpp:sos:0.*https:\/\/status\.test\/v\.json/);
  await fake.become([outage]);
  expect(await fake.ask(romeo, "get", INFO)).not.toContain("urn:xmpp:sos:0");
});

test("an address of another kind is a mistake", () => {
  expect(outage.config.safeParse({ addresses: ["ftp://status.test/"] }).success).toBe(false);
});
