// Whoever has somebody in his roster is found by the contact: the removal of an account rests on it.
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { contactsIndex } from "../../../server/modules/roster/migrations/0002-contacts.ts";
import type { RosterItem } from "../../../server/modules/roster/port.ts";
import { COLUMN_TYPES } from "../../../server/storage/sql/migration.ts";
import type { Storage } from "../backends.ts";
import { type Backend, Opened } from "../backends.ts";
import { connectRaw } from "../raw.ts";
import { oddTexts, rosterItem, textOfBytes } from "../samples.ts";

const ROMEO = "romeo@verona.test";

/** Items that say more of a contact than his name. */
const TELLING: readonly RosterItem[] = [
  rosterItem(ROMEO, { approved: true, name: "R", groups: ["Friends"] }),
  rosterItem(ROMEO, { ask: true }),
  rosterItem(ROMEO, { subscription: "to" }),
  rosterItem(ROMEO, { subscription: "from" }),
  rosterItem(ROMEO, { subscription: "both" }),
  rosterItem(ROMEO, { listed: false, pendingIn: "<presence type='subscribe'/>" }),
];

/** Tests of one storage. */
export function contactsContract(backend: Backend): void {
  const opened = new Opened();
  let storage: Storage;

  beforeAll(async () => {
    storage = await opened.open(await backend.fresh());
  });
  afterAll(() => opened.closeAll());

  test("each kind of relation is found with its roster, in pages, and a name alone is not", async () => {
    const { rosters } = storage;
    const owners = TELLING.map((item, n) => ({ domain: n < 3 ? "mantua.test" : "verona.test", local: `u${n}`, item }));
    for (const { domain, local, item } of owners.toReversed()) await rosters.put(domain, local, item);
    await rosters.put("verona.test", "named", rosterItem(ROMEO, { name: "Romeo", groups: ["Enemies"] }));
    for (const other of ["romeo@verona.tes", "romeo@verona.testt", "Romeo@verona.test", "romeo@mantua.test"])
      await rosters.put("verona.test", "other", rosterItem(other, { subscription: "both" }));
    expect(await rosters.about(ROMEO, undefined, 100)).toEqual(owners);
    expect(await rosters.about(ROMEO, undefined, 4)).toEqual(owners.slice(0, 4));
    expect(await rosters.about(ROMEO, owners[1], 2)).toEqual(owners.slice(2, 4));
    expect(await rosters.about(ROMEO, owners.at(-1), 100)).toEqual([]);
    expect(await rosters.about(ROMEO, undefined, 0)).toEqual([]);
    expect(await rosters.about("nobody@verona.test", undefined, 100)).toEqual([]);
    await rosters.remove("mantua.test", "u0", ROMEO);
    await rosters.put("mantua.test", "u1", rosterItem(ROMEO));
    await storage.accounts.delete("mantua.test", "u2");
    expect(await rosters.about(ROMEO, undefined, 100)).toEqual(owners.slice(3));
  });

  test("contacts of any name and length are told apart, and rosters come in the order of their bytes", async () => {
    const { rosters } = storage;
    const contacts = [...oddTexts.map((text) => `${text}@odd.test`), `${textOfBytes(900)}@a`, `${textOfBytes(900)}@b`];
    for (const contact of contacts) await rosters.put("odd.test", contact, rosterItem(contact, { subscription: "to" }));
    for (const contact of contacts)
      expect((await rosters.about(contact, undefined, 2)).map(({ local }) => local)).toEqual([contact]);
    const inOrder = ["A", "Z", "a", "é", "\uFFFD", "💃"];
    for (const local of inOrder.toReversed()) await rosters.put("z.test", local, rosterItem("x@y", { ask: true }));
    expect((await rosters.about("x@y", undefined, 9)).map(({ local }) => local)).toEqual(inOrder);
  });
}

/** Tests of a database that was there before. */
export function contactsSharedContract(backend: Backend): void {
  const opened = new Opened();
  afterEach(() => opened.closeAll());

  test("a database of schema 4 gets the index, once, while a node of the version before goes on", async () => {
    const config = await backend.fresh();
    const before = await opened.open(config);
    const raw = await connectRaw(config);
    const on = raw.dialect === "mysql" ? " on roster_items" : "";
    await raw.run(`drop index roster_items_contact${on}`);
    await raw.run("drop table meridian_migrations");
    await raw.run("update meridian_schema set version = 4");
    await before.rosters.put("verona.test", "juliet", rosterItem(ROMEO, { approved: true }));
    const after = await opened.open(config);
    await before.rosters.put("verona.test", "nurse", rosterItem(ROMEO, { ask: true }));
    const found = await after.rosters.about(ROMEO, undefined, 10);
    expect(found.map(({ local }) => local)).toEqual(["juliet", "nurse"]);
    // Killed before it was noted: where each change is committed by itself the step runs again.
    for (const text of contactsIndex.statements(COLUMN_TYPES[raw.dialect], raw.dialect)) await raw.run(text);
    // There is one, since it can be dropped, and once.
    await raw.run(`drop index roster_items_contact${on}`);
    await expect(raw.run(`drop index roster_items_contact${on}`)).rejects.toThrow();
    await raw.end();
  });
}
