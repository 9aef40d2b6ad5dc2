// A card is its owner's to write and anyone's to read; who has none is as nobody. XEP-0054.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { vcard } from "./vcard.ts";

const EMPTY = "<vCard xmlns='vcard-temp'/>";
const CARD = "<vCard xmlns='vcard-temp'><FN>Juliet</FN></vCard>";

test("it is kept as it was written, and others read it", async () => {
  const fake = await FakeHost.with([vcard]);
  const juliet = await fake.session("juliet@verona.test/balcony");
  const romeo = await fake.session("romeo@verona.test/orchard");
  expect(await fake.ask(juliet, "get", EMPTY, "juliet@verona.test")).toContain(EMPTY);
  const none = await fake.ask(romeo, "get", EMPTY, "juliet@verona.test");
  const nobodys = await fake.ask(romeo, "get", EMPTY, "nobody@verona.test");
  expect(none.replace(/juliet|ask-\d+/g, "")).toBe(nobodys.replace(/nobody|ask-\d+/g, ""));
  expect(await fake.ask(juliet, "set", CARD, "juliet@verona.test")).toContain("type='result'");
  expect(await fake.ask(romeo, "get", EMPTY, "juliet@verona.test")).toContain("<FN>Juliet</FN>");
  expect(await fake.ask(romeo, "set", CARD, "juliet@verona.test")).toContain("<service-unavailable");
});

test("one that is too large is refused, by the bound that holds now", async () => {
  const fake = await FakeHost.with([[vcard, { maxBytes: 1024 }]]);
  const juliet = await fake.session("juliet@verona.test/balcony");
  const large = CARD.replace("Juliet", "é".repeat(600));
  expect(await fake.ask(juliet, "set", large, "juliet@verona.test")).toContain("<not-acceptable");
  await fake.become([[vcard, { maxBytes: 2048 }]]);
  expect(await fake.ask(juliet, "set", large, "juliet@verona.test")).toContain("type='result'");
});
