// The second example of docs/modules.md: a store in every family, a route and a domain of its own with what lives there.
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "@jest/globals";
import { StorageConfig } from "../../contract/storage.ts";
import { ACCOUNTS } from "../../server/accounts/store.ts";
import { type Stores, UnstorableText } from "../../server/ports/store.ts";
import { BACKENDS } from "../../server/storage/backends.ts";
import { openStoresIn } from "../../server/storage/open.ts";
import { removeFolder, temporaryFolder } from "../harness/children.ts";
import { FakeHost } from "../harness/fake-host.ts";
import { notes } from "./notes.ts";
import { NOTES } from "./notes-store.ts";
import { onThePage } from "./page.ts";

const INFO = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
const ALL = "<notes xmlns='urn:example:notes'/>";
const ROMEO = "romeo@notes.verona.test";
const note = (name: string, text: string) => `<note xmlns='urn:example:notes' name='${name}'>${text}</note>`;

const folder = temporaryFolder("notes");
let stores: Stores | undefined;
afterEach(async () => {
  await stores?.close();
  stores = undefined;
});
afterAll(() => removeFolder(folder));

test("an account keeps so many notes, and reads them", async () => {
  const fake = await FakeHost.with([[notes, { limit: 1 }]]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  for (const text of ["night", "day"])
    expect(await fake.ask(romeo, "set", note("a", text), ROMEO)).toContain("type='result'");
  expect(await fake.ask(romeo, "set", note("b", "day"), ROMEO)).toContain("<resource-constraint");
  expect(await fake.ask(romeo, "set", note("x".repeat(256), ""), ROMEO)).toContain("<bad-request");
  expect(await fake.ask(romeo, "get", ALL, ROMEO)).toContain('<note name="a">day</note>');
  expect(await fake.ask(romeo, "get", INFO, ROMEO)).toMatch(/name="Notes of romeo".*urn:example:notes/);
  expect(await fake.ask(romeo, "get", INFO, "notes.verona.test")).toContain('name="Notes"');
  const terms = await fake.http("GET", "/terms", "", { host: "notes.verona.test" });
  expect(terms).toMatchObject({ status: 200, body: "1 notes each\n" });
});

test("nobody else learns whose notes there are", async () => {
  const fake = await FakeHost.with([notes]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  const juliet = await fake.session("juliet@verona.test/balcony");
  await fake.ask(romeo, "set", note("a", "night"), ROMEO);
  for (const payload of [INFO, ALL])
    for (const to of [ROMEO, "nobody@notes.verona.test"])
      expect(await fake.ask(juliet, "get", payload, to)).toContain("<item-not-found");
});

test.each(["sqlite", "memory"])("its store keeps what it promises in %s", async (kind) => {
  const file = kind === "memory" ? {} : { file: join(folder, "notes.db") };
  stores = await openStoresIn(BACKENDS, [ACCOUNTS, NOTES], StorageConfig.parse({ kind, ...file }));
  const [accounts, kept] = [stores.of(ACCOUNTS), stores.of(NOTES)];
  const romeo = { domain: "verona.test", local: "romeo" };
  await accounts.create("verona.test", "romeo", {}, 0);
  expect(await kept.put(romeo, { name: "b", text: "1" }, 2)).toBe(true);
  expect(await kept.put(romeo, { name: "B", text: "2" }, 2)).toBe(true);
  expect(await kept.put(romeo, { name: "c", text: "3" }, 2)).toBe(false);
  expect(await kept.put(romeo, { name: "b", text: "4" }, 2)).toBe(true);
  await expect(kept.put(romeo, { name: "\0", text: "" }, 9)).rejects.toThrow(UnstorableText);
  const all = [
    { name: "B", text: "2" },
    { name: "b", text: "4" },
  ];
  expect(await kept.all("verona.test", "romeo")).toEqual(all);
  const exported: object[] = [];
  for await (const { store, record } of stores.exported(romeo)) if (store === "notes") exported.push(record);
  expect(exported).toEqual(all);
  await accounts.delete("verona.test", "romeo");
  expect(await kept.all("verona.test", "romeo")).toEqual([]);
});

test("it leaves nothing of itself", async () => {
  const fake = await FakeHost.with([]);
  const before = fake.registered();
  await fake.become([notes]);
  expect(fake.registered()).toContain("domain notes.verona.test");
  await fake.become([]);
  expect(fake.registered()).toEqual(before);
});

test.each(["notes.ts", "notes-store.ts"])("the page has %s word for word", onThePage);
