// Links are told to whoever asks; names of other domains only once those have agreed. XEP-0485 §6.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { serverinfo } from "./serverinfo.ts";

const READ = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='serverinfo'/></pubsub>";

test("a linked domain is named once it says that it takes part", async () => {
  const fake = await FakeHost.with([serverinfo]);
  fake.links.push({ local: "verona.test", remote: "mantua.test", direction: "bidi" });
  const romeo = await fake.session("romeo@verona.test/orchard");
  expect(await fake.ask(romeo, "get", READ)).toContain('<remote-domain><connection type="bidi"/></remote-domain>');
  const [asked = ""] = fake.sentNow();
  expect(asked).toContain("disco#info");
  const id = /id='([^']+)'/.exec(asked)?.[1];
  await fake.comes(
    `<iq type='result' id='${id}' from='mantua.test' to='verona.test'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:serverinfo:0'/></query></iq>`,
  );
  expect(await fake.ask(romeo, "get", READ)).toContain('<remote-domain name="mantua.test">');
  expect(fake.sentNow()).toEqual([]);
});

test("there is no other node", async () => {
  const fake = await FakeHost.with([serverinfo]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  expect(await fake.ask(romeo, "get", READ.replace("node='serverinfo'", "node='x'"))).toContain("<item-not-found");
});
