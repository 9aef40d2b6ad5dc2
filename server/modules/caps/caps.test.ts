// The server's capabilities are those of the features it has now. XEP-0115 §5.1, §6.2.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import type { DiscoReading } from "../../module/disco-registry.ts";
import { ping } from "../ping/ping.ts";
import { caps, verification } from "./caps.ts";

test("the example of the specification", () => {
  const entry = {
    identities: [{ category: "client", type: "pc", name: "Exodus 0.9.1" }],
    features: new Set([
      "http://jabber.org/protocol/caps",
      "http://jabber.org/protocol/disco#info",
      "http://jabber.org/protocol/disco#items",
      "http://jabber.org/protocol/muc",
    ]),
    forms: [],
  };
  // XEP-0115 §5.2 has it without a language.
  expect(verification(entry as unknown as DiscoReading)).toBe("QgayPKawpkPSDYmwT/WM94uAlu0=");
});

test("it is another one once a module comes or goes, and asked for by name it is what the host says", async () => {
  const fake = await FakeHost.with([[caps, { node: "https://verona.test/" }]]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  const advertised = () =>
    fake.host.streamFeatures.find(({ name }) => name === "caps")?.advertise(undefined as never) ?? "";
  const nodeOf = (element: string) => `https://verona.test/#${/ver='([^']+)'/.exec(element)?.[1]}`;
  const ask = (node: string) =>
    fake.ask(romeo, "get", `<query xmlns='http://jabber.org/protocol/disco#info' node='${node}'/>`);
  const before = advertised();
  expect(advertised()).toBe(before);
  expect(await ask(nodeOf(before))).toContain("http://jabber.org/protocol/caps");
  await fake.become([[caps, { node: "https://verona.test/" }], ping]);
  const after = advertised();
  expect(after).not.toBe(before);
  expect(await ask(nodeOf(after))).toContain("urn:xmpp:ping");
  expect(await ask(nodeOf(before))).toContain("<item-not-found");
});
