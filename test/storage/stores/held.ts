// What every store of held messages promises: order, ids, removal, several nodes, a crash of the database.
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { heldTable } from "../../../server/held/migrations/0001-held.ts";
import type { HeldMessage, HeldStore } from "../../../server/held/port.ts";
import { StoreUnavailable, UnstorableText } from "../../../server/ports/store.ts";
import { COLUMN_TYPES } from "../../../server/storage/sql/migration.ts";
import { type Backend, Opened, type Storage } from "../backends.ts";
import { connectRaw, lockHeld } from "../raw.ts";
import { oddTexts, textOfBytes } from "../samples.ts";

const DOMAIN = "verona.test";

/** Holds a message as a node does: under a key that it makes. */
async function hold(held: HeldStore, member: string, text: string, local = "romeo"): Promise<HeldMessage> {
  const message = { member, id: held.ids.next(), domain: DOMAIN, local, text, at: 1_700_000_000_123 };
  await held.add(message);
  return message;
}

async function textsOf(held: HeldStore, member: string): Promise<string[]> {
  return (await held.read(member, 0, 100_000)).map(({ text }) => text);
}

/** Tests of one store, each with members of its own. */
export function heldContract(backend: Backend): void {
  const opened = new Opened();
  let storage: Storage;
  let held: HeldStore;

  beforeAll(async () => {
    storage = await opened.open(await backend.fresh());
    held = storage.held;
  });
  afterAll(() => opened.closeAll());

  test("held messages come back whole, oldest first, in pages, each member's for itself", async () => {
    const all: HeldMessage[] = [];
    for (const text of ["<m>1</m>", "<m>2</m>", "<m>3</m>"]) all.push(await hold(held, "paging", text));
    await hold(held, "paging-other", "<m>other</m>");
    const ids = all.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(await held.read("paging", 0, 100)).toEqual(all);
    expect(await held.read("paging", ids[0]!, 1)).toEqual([all[1]]);
    expect(await held.read("paging", 0, 0)).toEqual([]);
    expect(await held.read("nobody", 0, 100)).toEqual([]);
    expect(await textsOf(held, "paging-other")).toEqual(["<m>other</m>"]);
  });

  test("one is found by its key alone", async () => {
    const one = await hold(held, "finding", "<m>1</m>");
    await hold(held, "finding-other", "<m>2</m>");
    expect(await held.get(one)).toEqual(one);
    expect(await held.get({ ...one, member: "finding-other" })).toBeUndefined();
    await held.remove([one]);
    expect(await held.get(one)).toBeUndefined();
  });

  test("of many messages held at once the order is that of their ids, whenever each was stored", async () => {
    const texts = Array.from({ length: 700 }, (_, n) => `<m>${n}</m>`);
    await Promise.all(texts.map((text) => hold(held, "many", text)));
    expect((await held.read("many", 0, 1000)).map(({ text }) => text)).toEqual(texts);
    const late = { ...(await hold(held, "late", "<m>2</m>")), text: "<m>1</m>" };
    await held.add({ ...late, id: late.id - 1 });
    expect(await textsOf(held, "late")).toEqual(["<m>1</m>", "<m>2</m>"]);
  });

  test("one that is stored again is there once, as it was first", async () => {
    const one = await hold(held, "again", "<m>1</m>");
    await Promise.all([held.add(one), held.add({ ...one, text: "<m>other</m>" }), hold(held, "again", "<m>2</m>")]);
    expect(await textsOf(held, "again")).toEqual(["<m>1</m>", "<m>2</m>"]);
  });

  test("what is acknowledged goes and nothing else; an unknown key is no error, nor one of another member", async () => {
    const all = await Promise.all(["a", "b", "c", "d", "e"].map((text) => hold(held, "removing", text)));
    const [a, b, c, d, e] = all as [HeldMessage, HeldMessage, HeldMessage, HeldMessage, HeldMessage];
    await Promise.all([held.remove([a, d]), held.remove([e]), held.remove([])]);
    expect(await textsOf(held, "removing")).toEqual(["b", "c"]);
    await held.remove([a, b, { ...c, member: "removing-other" }, { member: "removing", id: Number.MAX_SAFE_INTEGER }]);
    expect(await textsOf(held, "removing")).toEqual(["c"]);
    await held.remove([c]);
    expect(await textsOf(held, "removing")).toEqual([]);
  });

  test("one that is removed while it is on its way is not there", async () => {
    const keys = Array.from({ length: 50 }, () => ({ member: "crossing", id: held.ids.next() }));
    const adding = keys.map((key) => held.add({ ...key, domain: DOMAIN, local: "romeo", text: "<m/>", at: 1 }));
    await Promise.all([...adding, held.remove(keys)]);
    expect(await textsOf(held, "crossing")).toEqual([]);
    expect(held.unremoved).toEqual([]);
  });

  test("the members that hold something are known, in the order of their bytes", async () => {
    const { held } = await opened.open(await backend.fresh());
    expect(await held.members()).toEqual([]);
    const all: HeldMessage[] = [];
    for (const member of ["b", "a", "A", "é", "a"]) all.push(await hold(held, member, "<m/>"));
    expect(await held.members()).toEqual(["A", "a", "b", "é"]);
    await held.remove(all.slice(0, 2));
    expect(await held.members()).toEqual(["A", "a", "é"]);
  });

  test("removing an account removes what is held for it", async () => {
    await storage.accounts.create(DOMAIN, "leaver", {}, 1);
    await Promise.all(["leaver", "stayer", "leaver"].map((local, n) => hold(held, "leaving", `${n}`, local)));
    await storage.accounts.delete(DOMAIN, "leaver");
    expect(await textsOf(held, "leaving")).toEqual(["1"]);
  });

  test("those for an account are found whoever holds them, in pages", async () => {
    const mine = [];
    for (const member of ["of-b", "of-a", "of-b"]) mine.push(await hold(held, member, `<m>${member}</m>`, "seeker"));
    await hold(held, "of-a", "<m/>", "other");
    const inOrder = [mine[1]!, mine[0]!, mine[2]!];
    expect(await held.of(DOMAIN, "seeker", undefined, 10)).toEqual(inOrder);
    expect(await held.of(DOMAIN, "seeker", inOrder[0], 1)).toEqual([inOrder[1]]);
    expect(await held.of(DOMAIN, "seeker", inOrder[2], 10)).toEqual([]);
    expect(await held.of(DOMAIN, "nobody", undefined, 10)).toEqual([]);
  });

  test("odd and large texts stay what they are; what cannot be kept is refused, and no other with it", async () => {
    const large = `<m>${textOfBytes(262_144)}</m>`;
    const texts = [...oddTexts, ...Array.from({ length: 12 }, () => large)];
    const adding = Promise.all(texts.map((text) => hold(held, "odd", text)));
    for (const bad of ["a\0b", "a\uD83D"]) {
      await expect(hold(held, "odd", bad)).rejects.toThrow(UnstorableText);
      await expect(hold(held, bad, "<m/>")).rejects.toThrow(UnstorableText);
      await expect(hold(held, "odd", "<m/>", bad)).rejects.toThrow(UnstorableText);
      await expect(held.read(bad, 0, 1)).rejects.toThrow(UnstorableText);
    }
    await adding;
    expect(await textsOf(held, "odd")).toEqual(texts);
  });
}

/** Tests of several nodes at one database, and of a restart. */
export function heldSharedContract(backend: Backend): void {
  const opened = new Opened();
  afterEach(() => opened.closeAll());

  test("what a node held is there for another, also after a restart; ids go on though the clock was set back", async () => {
    const config = await backend.fresh();
    const before = await opened.open(config);
    const all = await Promise.all(["1", "2", "3"].map((text) => hold(before.held, "node-1", text)));
    const ahead = { ...all[0]!, id: all[2]!.id + 3_600_000_000, text: "4" };
    await before.held.add(ahead);
    await before.held.remove([all[2]!]);
    await before.close();
    const after = await opened.open(config);
    expect(await after.held.members()).toEqual(["node-1"]);
    expect(await textsOf(after.held, "node-1")).toEqual(["1", "2", "4"]);
    expect((await hold(after.held, "node-1", "5")).id).toBeGreaterThan(ahead.id);
  });

  test("two nodes that hold at once each keep their own and its order", async () => {
    const config = await backend.fresh();
    const nodes = await Promise.all([opened.open(config), opened.open(config)]);
    const texts = Array.from({ length: 300 }, (_, n) => `${n}`);
    const all = await Promise.all(nodes.flatMap(({ held }, at) => texts.map((text) => hold(held, `node-${at}`, text))));
    for (const at of [0, 1]) expect(await textsOf(nodes[0]!.held, `node-${at}`)).toEqual(texts);
    await nodes[1]!.held.remove(all.slice(0, 300));
    expect(await nodes[0]!.held.members()).toEqual(["node-1"]);
  });

  test("what a node of the version before held is there after the schema's step, before what is newer", async () => {
    const config = await backend.fresh();
    await (await opened.open(config)).close();
    const raw = await connectRaw(config);
    await raw.run("drop table held_messages");
    for (const text of heldTable.statements(COLUMN_TYPES[raw.dialect], raw.dialect)) await raw.run(text);
    await raw.run(`insert into held_messages (member, domain, local_part, stored_at, text)
      values ('node-1', '${DOMAIN}', 'romeo', 5, '<m>1</m>'), ('node-1', '${DOMAIN}', 'romeo', 6, '<m>2</m>')`);
    await raw.run("drop table meridian_migrations");
    await raw.run("update meridian_schema set version = 3");
    const { held } = await opened.open(config);
    const [first] = await held.read("node-1", 0, 1);
    expect(first).toEqual({ member: "node-1", id: 1, domain: DOMAIN, local: "romeo", text: "<m>1</m>", at: 5 });
    await hold(held, "node-1", "<m>3</m>");
    await held.remove([first!]);
    expect(await textsOf(held, "node-1")).toEqual(["<m>2</m>", "<m>3</m>"]);
    await raw.end();
  });
}

/** Tests that kill the database. */
export function heldCrashContract(backend: Backend): void {
  const opened = new Opened();
  afterEach(() => opened.closeAll());

  test("a held message that was stored survives a crash under load, and one that was removed does not", async () => {
    const server = backend.server();
    if (server === undefined) throw new Error(`${backend.name} has no server`);
    const config = await backend.fresh();
    const { held } = await opened.open(config, { bounds: { operationMs: 2000, maxWaiting: 10_000 } });
    const told = new Map<number, string>();
    const removed = new Set<number>();
    const doubtful = new Set<string>();
    let next = 0;
    const holder = async () => {
      for (;;) {
        const text = `${next++}`;
        try {
          const message = await hold(held, "node-1", text);
          const { id } = message;
          told.set(id, text);
          if (id % 3 !== 0) continue;
          doubtful.add(text);
          await held.remove([message]);
          removed.add(id);
        } catch (error) {
          expect(error).toBeInstanceOf(StoreUnavailable);
          doubtful.add(text);
          return;
        }
      }
    };
    const holders = Promise.all(Array.from({ length: 40 }, holder));
    while (told.size < 200) await new Promise((resolve) => setImmediate(resolve));
    await server.stop("SIGKILL");
    await holders;
    await server.start();
    const recovered = await opened.open(config, { bounds: { operationMs: 20_000 } });
    const stored = await recovered.held.read("node-1", 0, 1_000_000);
    expect(new Set(stored.map(({ text }) => text)).size).toBe(stored.length);
    for (const { id, text } of stored) {
      expect(removed.has(id)).toBe(false);
      expect(told.get(id) ?? (doubtful.has(text) ? text : undefined)).toBe(text);
    }
    const kept = new Set(stored.map(({ id }) => id));
    const lost = [...told].filter(([id, text]) => !kept.has(id) && !doubtful.has(text));
    expect(lost).toEqual([]);
  });

  test("what could not be removed is named, is not read, and goes once the database is back", async () => {
    const server = backend.server();
    if (server === undefined) throw new Error(`${backend.name} has no server`);
    const config = await backend.fresh();
    const { held } = await opened.open(config, { bounds: { operationMs: 1000, maxWaiting: 100 } });
    const [one] = await Promise.all(["1", "2"].map((text) => hold(held, "node-1", text)));
    await server.stop("SIGQUIT");
    await expect(held.remove([one!])).rejects.toThrow(StoreUnavailable);
    expect(held.unremoved).toEqual([expect.objectContaining({ member: "node-1", id: one!.id })]);
    await server.start();
    const { held: other } = await opened.open(config, { bounds: { operationMs: 20_000 } });
    expect(await textsOf(held, "node-1")).toEqual(["2"]);
    while ((await other.get(one!)) !== undefined) await new Promise((resolve) => setTimeout(resolve, 50));
    while (held.unremoved.length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  });

  test("one whose insert hung behind a lock is not left behind, stored again or removed meanwhile", async () => {
    const config = await backend.fresh();
    const { held } = await opened.open(config, { bounds: { operationMs: 500, maxWaiting: 100 } });
    const key = () => ({ member: "node-1", id: held.ids.next(), domain: DOMAIN, local: "romeo", at: 1 });
    const [again, gone] = [
      { ...key(), text: "again" },
      { ...key(), text: "gone" },
    ];
    const unlock = await lockHeld(config);
    await Promise.all([again, gone].map((one) => expect(held.add(one)).rejects.toThrow(StoreUnavailable)));
    await expect(held.remove([gone])).rejects.toThrow(StoreUnavailable);
    const stored = held.add(again);
    await unlock();
    await stored;
    while (held.unremoved.length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await textsOf(held, "node-1")).toEqual(["again"]);
  });
}
