// What every store promises, whatever keeps it: run for each backend by contract.test.ts.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { UnstorableText } from "../../server/ports/store.ts";
import type { Storage } from "./backends.ts";
import { type Backend, Opened } from "./backends.ts";
import { fillEveryStore, keptOf, NOTHING, ONE_EACH } from "./kept.ts";
import { credentials, rosterItem, textOfBytes } from "./samples.ts";

const DOMAIN = "verona.test";

/** Tests of one storage, each with its own accounts. */
export function storesContract(backend: Backend): void {
  const opened = new Opened();
  let storage: Storage;
  let names = 0;
  /** A local part nobody used yet. */
  const local = (): string => {
    names += 1;
    return `user${names}`;
  };

  beforeAll(async () => {
    storage = await opened.open(await backend.fresh());
  });
  afterAll(() => opened.closeAll());

  test("an account is made once, read back, changed and removed", async () => {
    const { accounts } = storage;
    const romeo = local();
    expect(await accounts.get(DOMAIN, romeo)).toBeUndefined();
    expect(await accounts.exists(DOMAIN, romeo)).toBe(false);
    expect(await accounts.setCredentials(DOMAIN, romeo, credentials)).toBe(false);
    expect(await accounts.create(DOMAIN, romeo, credentials, 1_700_000_000_123)).toBe(true);
    expect(await accounts.create(DOMAIN, romeo, {}, 5)).toBe(false);
    expect(await accounts.get(DOMAIN, romeo)).toEqual({
      local: romeo,
      credentials,
      createdAt: 1_700_000_000_123,
      disabled: false,
    });
    expect(await accounts.exists(DOMAIN, romeo)).toBe(true);
    const sha1 = { "SHA-1": credentials["SHA-1"]! };
    expect(await accounts.setCredentials(DOMAIN, romeo, sha1)).toBe(true);
    expect(await accounts.setCredentials(DOMAIN, romeo, sha1)).toBe(true);
    expect((await accounts.get(DOMAIN, romeo))?.credentials).toEqual(sha1);
    expect(await accounts.delete(DOMAIN, romeo)).toBe(true);
    expect(await accounts.delete(DOMAIN, romeo)).toBe(false);
    expect(await accounts.exists(DOMAIN, romeo)).toBe(false);
  });

  test("an account that is shut keeps everything, through a new password too, and is opened again", async () => {
    const { accounts } = storage;
    const [romeo, juliet] = [local(), local()];
    for (const user of [romeo, juliet]) await accounts.create(DOMAIN, user, credentials, 1);
    const shut = async (user: string) => (await accounts.get(DOMAIN, user))?.disabled;
    expect(await accounts.setDisabled(DOMAIN, romeo, true)).toBe(true);
    expect(await accounts.setDisabled(DOMAIN, romeo, true)).toBe(true);
    expect([await shut(romeo), await shut(juliet)]).toEqual([true, false]);
    await accounts.setCredentials(DOMAIN, romeo, credentials);
    expect(await accounts.get(DOMAIN, romeo)).toEqual({ local: romeo, credentials, createdAt: 1, disabled: true });
    expect([await accounts.exists(DOMAIN, romeo), await accounts.create(DOMAIN, romeo, {}, 2)]).toEqual([true, false]);
    expect(await accounts.setDisabled(DOMAIN, romeo, false)).toBe(true);
    expect(await shut(romeo)).toBe(false);
    expect(await accounts.setDisabled(DOMAIN, "nobody", true)).toBe(false);
    // The next owner of the name finds it open.
    await accounts.setDisabled(DOMAIN, romeo, true);
    await accounts.delete(DOMAIN, romeo);
    await accounts.create(DOMAIN, romeo, credentials, 2);
    expect(await shut(romeo)).toBe(false);
  });

  test("of many accounts asked for at once, each is told to be there or not", async () => {
    const { accounts } = storage;
    for (const name of ["b", "B", "é"]) await accounts.create("many.test", name, {}, 1);
    await accounts.create("other.test", "c", {}, 1);
    const asked = ["a", "b", "B", "E", "é", "c", "b", ""];
    const answers = () => Promise.all(asked.map((name) => accounts.exists("many.test", name)));
    expect(await answers()).toEqual([false, true, true, false, true, false, true, false]);
    await Promise.all([accounts.delete("many.test", "b"), accounts.exists("many.test", "b")]);
    expect(await answers()).toEqual([false, false, true, false, true, false, false, false]);
  });

  test("accounts are listed in the order of their bytes, page by page, each domain for itself", async () => {
    const { accounts } = storage;
    const inOrder = ["A", "Z", "a", "ab", "b", "é", "\uFFFD", "💃"];
    for (const name of [...inOrder].reverse()) await accounts.create("list.test", name, {}, 1);
    await accounts.create("other.test", "x", {}, 1);
    expect(await accounts.count("list.test")).toBe(inOrder.length);
    expect(await accounts.list("list.test", "", 100)).toEqual(inOrder);
    expect(await accounts.list("list.test", "Z", 3)).toEqual(["a", "ab", "b"]);
    expect(await accounts.list("list.test", "💃", 3)).toEqual([]);
    expect(await accounts.list("list.test", "", 0)).toEqual([]);
    expect(await accounts.list("LIST.test", "", 10)).toEqual([]);
  });

  test("a roster keeps every part of its items, and its version rises with each change", async () => {
    const { rosters } = storage;
    const romeo = local();
    expect(await rosters.load(DOMAIN, romeo)).toEqual({ items: [], version: 0 });
    const juliet = rosterItem("juliet@capulet.test", {
      name: "Juliet",
      groups: ["Friends", "❤"],
      subscription: "both",
    });
    const nurse = rosterItem("nurse@capulet.test", { ask: true, approved: true, subscription: "from" });
    const paris = rosterItem("paris@capulet.test", { listed: false, pendingIn: "<presence type='subscribe'/>" });
    const first = await rosters.put(DOMAIN, romeo, juliet);
    expect(first).toBeGreaterThan(0);
    expect(await rosters.put(DOMAIN, romeo, nurse)).toBe(first + 1);
    expect(await rosters.put(DOMAIN, romeo, paris)).toBe(first + 2);
    expect(await rosters.load(DOMAIN, romeo)).toEqual({ items: [juliet, nurse, paris], version: first + 2 });
    const renamed = { ...juliet, name: "J.", groups: [], subscription: "to" as const };
    expect(await rosters.put(DOMAIN, romeo, renamed)).toBe(first + 3);
    expect(await rosters.remove(DOMAIN, romeo, nurse.jid)).toBe(first + 4);
    expect(await rosters.remove(DOMAIN, romeo, "nobody@capulet.test")).toBe(first + 5);
    expect(await rosters.load(DOMAIN, romeo)).toEqual({ items: [renamed, paris], version: first + 5 });
    await rosters.remove(DOMAIN, romeo, paris.jid);
    await rosters.remove(DOMAIN, romeo, renamed.jid);
    expect(await rosters.load(DOMAIN, romeo)).toEqual({ items: [], version: first + 7 });
  });

  test("changes of one roster at once each get a version of their own", async () => {
    const { rosters } = storage;
    const romeo = local();
    const jids = Array.from({ length: 30 }, (_, n) => `friend${n}@capulet.test`);
    const versions = await Promise.all(jids.map((jid) => rosters.put(DOMAIN, romeo, rosterItem(jid))));
    expect(new Set(versions).size).toBe(jids.length);
    const roster = await rosters.load(DOMAIN, romeo);
    expect(roster.items).toHaveLength(jids.length);
    expect(roster.version).toBe(Math.max(...versions));
  });

  test("a roster made anew never comes to a version of the old one", async () => {
    const { rosters, accounts } = await opened.open(await backend.fresh(), { clock: steppingClock() });
    const old = [
      await rosters.put(DOMAIN, "romeo", rosterItem("a@b")),
      await rosters.put(DOMAIN, "romeo", rosterItem("c@d")),
    ];
    await accounts.delete(DOMAIN, "romeo");
    expect(await rosters.put(DOMAIN, "romeo", rosterItem("a@b"))).toBeGreaterThan(Math.max(...old));
  });

  test("offline messages come back in order, in pages, and go by position", async () => {
    const { offline } = storage;
    const romeo = local();
    const texts = ["<m>1</m>", "<m>2</m>", "<m>3</m>", "<m>4</m>"];
    const before = await offline.total();
    for (const text of texts) expect(await offline.add(DOMAIN, romeo, text, 10, 100)).toBe(true);
    expect(await offline.total()).toBe(before + texts.length);
    const all = await offline.read(DOMAIN, romeo, 0, 100);
    expect(all.map(({ text }) => text)).toEqual(texts);
    const ids = all.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(await offline.read(DOMAIN, romeo, ids[0]!, 2)).toEqual(all.slice(1, 3));
    expect(await offline.read(DOMAIN, romeo, 0, 0)).toEqual([]);
    await offline.removeThrough(DOMAIN, romeo, ids[1]!);
    await offline.removeThrough(DOMAIN, romeo, ids[1]!);
    expect(await offline.count(DOMAIN, romeo)).toBe(2);
    expect(await offline.read(DOMAIN, romeo, 0, 100)).toEqual(all.slice(2));
    await offline.removeThrough(DOMAIN, romeo, ids[3]!);
    expect(await offline.count(DOMAIN, romeo)).toBe(0);
    await offline.add(DOMAIN, romeo, "<m>5</m>", 10, 100);
    expect((await offline.read(DOMAIN, romeo, 0, 1))[0]!.id).toBeGreaterThan(ids[3]!);
  });

  test("messages added at once keep their order, and no more than the limit is kept", async () => {
    const { offline } = storage;
    const [romeo, juliet] = [local(), local()];
    const texts = Array.from({ length: 60 }, (_, n) => `<m>${n}</m>`);
    const kept = await Promise.all(
      texts.flatMap((text) => [offline.add(DOMAIN, romeo, text, 1, 25), offline.add(DOMAIN, juliet, text, 1, 1000)]),
    );
    expect(kept.filter((answer, n) => answer && n % 2 === 0)).toHaveLength(25);
    const texted = async (user: string) => (await offline.read(DOMAIN, user, 0, 1000)).map(({ text }) => text);
    expect(await texted(romeo)).toEqual(texts.slice(0, 25));
    expect(await texted(juliet)).toEqual(texts);
    expect(await offline.add(DOMAIN, romeo, "<m/>", 1, 25)).toBe(false);
    expect(await offline.add(DOMAIN, romeo, "<m/>", 1, 26)).toBe(true);
    expect(await offline.add(DOMAIN, local(), "<m/>", 1, 0)).toBe(false);
  });

  test("of many accounts those are told that have offline messages", async () => {
    const { offline } = storage;
    const [romeo, juliet, nurse] = [local(), local(), local()];
    for (const user of [romeo, juliet]) await offline.add(DOMAIN, user, "<m/>", 1, 100);
    await offline.removeThrough(DOMAIN, juliet, (await offline.read(DOMAIN, juliet, 0, 1))[0]!.id);
    expect(await offline.having(DOMAIN, [romeo, juliet, nurse])).toEqual([romeo]);
    expect(await offline.having("elsewhere.test", [romeo])).toEqual([]);
    expect(await offline.having(DOMAIN, [])).toEqual([]);
  });

  test("an offline message that is added again after it was given up is there once", async () => {
    const { offline } = storage;
    const [romeo, juliet] = [local(), local()];
    for (const text of ["<m>1</m>", "<m>2</m>"]) expect(await offline.add(DOMAIN, romeo, text, 1, 2)).toBe(true);
    // Also where the account is full by now.
    expect(await offline.addAgain(DOMAIN, romeo, "<m>1</m>", 1, 2)).toBe(true);
    expect(await offline.addAgain(DOMAIN, romeo, "<m>3</m>", 1, 2)).toBe(false);
    expect(await offline.addAgain(DOMAIN, romeo, "<m>3</m>", 1, 3)).toBe(true);
    expect((await offline.read(DOMAIN, romeo, 0, 10)).map(({ text }) => text)).toEqual([
      "<m>1</m>",
      "<m>2</m>",
      "<m>3</m>",
    ]);
    expect(await offline.count(DOMAIN, romeo)).toBe(3);
    expect(await offline.addAgain(DOMAIN, juliet, "<m>1</m>", 1, 2)).toBe(true);
    expect(await offline.count(DOMAIN, juliet)).toBe(1);
  });

  test("a large message fits, and many of them at once", async () => {
    const { offline } = storage;
    const romeo = local();
    const text = `<m>${textOfBytes(262_144)}</m>`;
    await Promise.all(Array.from({ length: 20 }, () => offline.add(DOMAIN, romeo, text, 1, 100)));
    const read = await offline.read(DOMAIN, romeo, 0, 100);
    expect(read).toHaveLength(20);
    expect(read.every((message) => message.text === text)).toBe(true);
  });

  test("documents are kept by kind and key", async () => {
    const { documents } = storage;
    const romeo = local();
    expect(await documents.get(DOMAIN, romeo, "private", "k")).toBeUndefined();
    await documents.put(DOMAIN, romeo, "private", "k", "<a/>");
    await documents.put(DOMAIN, romeo, "private", "k", "<b/>");
    await documents.put(DOMAIN, romeo, "private", "K", "<c/>");
    await documents.put(DOMAIN, romeo, "vcard", "k", "<d/>");
    expect(await documents.get(DOMAIN, romeo, "private", "k")).toBe("<b/>");
    expect(await documents.list(DOMAIN, romeo, "private")).toEqual([
      { key: "K", text: "<c/>" },
      { key: "k", text: "<b/>" },
    ]);
    expect(await documents.count(DOMAIN, romeo, "private")).toBe(2);
    expect(await documents.count(DOMAIN, romeo, "none")).toBe(0);
    expect(await documents.remove(DOMAIN, romeo, "private", "k")).toBe(true);
    expect(await documents.remove(DOMAIN, romeo, "private", "k")).toBe(false);
    expect(await documents.get(DOMAIN, romeo, "vcard", "k")).toBe("<d/>");
    const long = [textOfBytes(4096), `${textOfBytes(4092)}yyyy`, textOfBytes(255), textOfBytes(256)];
    for (const key of long) await documents.put(DOMAIN, romeo, "long", key, `<of>${key}</of>`);
    for (const key of long) expect(await documents.get(DOMAIN, romeo, "long", key)).toBe(`<of>${key}</of>`);
    expect((await documents.list(DOMAIN, romeo, "long")).map(({ key }) => key).sort()).toEqual([...long].sort());
  });

  test("a document is replaced only where it still is what it was, and of many at once one is", async () => {
    const { documents } = storage;
    const romeo = local();
    const replace = (before: string | undefined, text: string) =>
      documents.replace(DOMAIN, romeo, "fast", "k", before, text);
    const kept = () => documents.get(DOMAIN, romeo, "fast", "k");
    expect([await replace("a", "b"), await kept()]).toEqual([false, undefined]);
    expect([await replace(undefined, "a"), await kept()]).toEqual([true, "a"]);
    expect([await replace(undefined, "b"), await kept()]).toEqual([false, "a"]);
    for (const other of ["A", "a ", "á", ""]) expect([other, await replace(other, "b")]).toEqual([other, false]);
    expect([await replace("a", "a"), await replace("a", "é💃 "), await kept()]).toEqual([true, true, "é💃 "]);
    for (const before of ["é💃 ", undefined]) {
      const done = await Promise.all(Array.from({ length: 8 }, (_, n) => replace(before, `${before} ${n}`)));
      expect(done.filter(Boolean)).toHaveLength(1);
      expect(await kept()).toBe(`${before} ${done.indexOf(true)}`);
      await documents.remove(DOMAIN, romeo, "fast", "k");
    }
    await expect(replace(undefined, "\0")).rejects.toThrow(UnstorableText);
  });

  test("removing an account removes everything of it and nothing else", async () => {
    const { accounts, documents } = storage;
    const [romeo, juliet] = [local(), local()];
    for (const user of [romeo, juliet]) {
      await accounts.create(DOMAIN, user, credentials, 1);
      await fillEveryStore(storage, user);
      expect(await keptOf(storage, user)).toEqual(ONE_EACH);
    }
    expect(await accounts.delete(DOMAIN, romeo)).toBe(true);
    expect(await keptOf(storage, romeo)).toEqual(NOTHING);
    expect(await accounts.exists(DOMAIN, juliet)).toBe(true);
    expect(await keptOf(storage, juliet)).toEqual(ONE_EACH);
    // Accounts kept elsewhere (LDAP) have data here all the same.
    await documents.put(DOMAIN, romeo, "vcard", "", "<vCard/>");
    expect(await accounts.delete(DOMAIN, romeo)).toBe(false);
    expect(await documents.get(DOMAIN, romeo, "vcard", "")).toBeUndefined();
  });

  test("whoever gets a name next inherits nothing, not even what was written behind the removal", async () => {
    const { accounts } = storage;
    const romeo = local();
    await accounts.create(DOMAIN, romeo, credentials, 1);
    await accounts.delete(DOMAIN, romeo);
    await fillEveryStore(storage, romeo);
    expect(await accounts.create(DOMAIN, romeo, credentials, 2)).toBe(true);
    expect(await keptOf(storage, romeo)).toEqual(NOTHING);
    await fillEveryStore(storage, romeo);
    expect(await accounts.create(DOMAIN, romeo, credentials, 3)).toBe(false);
    expect(await keptOf(storage, romeo)).toEqual(ONE_EACH);
  });
}

/** A clock that gains a minute with each look. */
function steppingClock() {
  let now = 1_700_000_000_000;
  return {
    now: () => {
      now += 60_000;
      return now;
    },
    setTimeout: () => 0,
    clearTimeout: () => {},
  };
}
