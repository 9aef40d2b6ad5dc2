// Private documents are their owner's, bounded in size and number, kept all or none. XEP-0049.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { privateStorage } from "./private.ts";

const query = (...documents: string[]) => `<query xmlns='jabber:iq:private'>${documents.join("")}</query>`;
const note = (n: number, text = "") => `<note xmlns='urn:example:${n}'>${text}</note>`;
const JULIET = "juliet@verona.test";

test("what was kept is read; what was not is empty; nobody else is answered", async () => {
  const fake = await FakeHost.with([privateStorage]);
  const juliet = await fake.session(`${JULIET}/balcony`);
  const romeo = await fake.session("romeo@verona.test/orchard");
  expect(await fake.ask(juliet, "get", query(note(1)), JULIET)).toContain('<note xmlns="urn:example:1"/>');
  expect(await fake.ask(juliet, "set", query(note(1, "hark"), note(2)), JULIET)).toContain("type='result'");
  expect(await fake.ask(juliet, "get", query(note(1)), JULIET)).toContain(">hark</note>");
  expect(await fake.ask(romeo, "get", query(note(1)), JULIET)).toContain("<service-unavailable");
});

test("requests with a mistake keep nothing", async () => {
  const fake = await FakeHost.with([[privateStorage, { maxBytes: 1024, maxDocuments: 2 }]]);
  const juliet = await fake.session(`${JULIET}/balcony`);
  const refused = async (payload: string) => fake.ask(juliet, "set", payload, JULIET);
  expect(await refused(query())).toContain("<not-acceptable");
  expect(await refused(query(note(1), note(1)))).toContain("<bad-request");
  expect(await refused(query(note(1), note(2, "x".repeat(1100))))).toContain("<not-acceptable");
  expect(await refused(query(note(1), note(2), note(3)))).toContain("at most 2 documents");
  expect(await fake.ask(juliet, "get", query(note(1)), JULIET)).toContain('<note xmlns="urn:example:1"/>');
});
