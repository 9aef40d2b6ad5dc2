// What every store promises of texts, whatever keeps it: odd ones stay what they are, and what no store keeps is refused.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { UnstorableText } from "../../server/ports/store.ts";
import type { Storage } from "./backends.ts";
import { type Backend, Opened } from "./backends.ts";
import { oddTexts, rosterItem, textOfBytes } from "./samples.ts";

const DOMAIN = "verona.test";

/** Tests of one storage. */
export function textsContract(backend: Backend): void {
  const opened = new Opened();
  let storage: Storage;

  beforeAll(async () => {
    storage = await opened.open(await backend.fresh());
  });
  afterAll(() => opened.closeAll());

  test("odd texts stay what they are, and none is taken for another", async () => {
    const { accounts, rosters, offline, documents } = storage;
    const domain = "odd.test";
    for (const [n, text] of oddTexts.entries()) {
      expect([text, await accounts.create(domain, text, {}, n)]).toEqual([text, true]);
      await rosters.put(domain, "odd", rosterItem(text, { name: text, groups: [text], pendingIn: text }));
      await offline.add({ domain, local: "odd", text, at: 1, limit: 1000 });
      await documents.put({ domain, local: text, kind: "k", key: text, text });
    }
    for (const [n, text] of oddTexts.entries()) {
      expect(await accounts.get(domain, text)).toEqual({ local: text, credentials: {}, createdAt: n, disabled: false });
      expect(await documents.list(domain, text, "k")).toEqual([{ key: text, text }]);
    }
    const { items } = await rosters.load(domain, "odd");
    expect(new Map(items.map((item) => [item.jid, item]))).toEqual(
      new Map(oddTexts.map((text) => [text, rosterItem(text, { name: text, groups: [text], pendingIn: text })])),
    );
    expect((await offline.read(domain, "odd", 0, 1000)).map(({ text }) => text)).toEqual(oddTexts);
  });

  test("parts of 1,023 bytes are taken whole, and more is refused", async () => {
    const { accounts, rosters, offline, documents } = storage;
    const longest = textOfBytes(1023);
    const other = `${longest.slice(0, -1)}y`;
    const jid = `${longest}@${longest}`;
    for (const name of [longest, other]) {
      expect(await accounts.create(longest, name, {}, 1)).toBe(true);
      await rosters.put(longest, name, rosterItem(jid));
      await rosters.put(longest, name, rosterItem(`${longest}@${other}`));
      await offline.add({ domain: longest, local: name, text: "<m/>", at: 1, limit: 10 });
      await documents.put({ domain: longest, local: name, kind: "k".repeat(64), key: textOfBytes(4096), text: "<d/>" });
    }
    expect((await rosters.load(longest, longest)).items.map((item) => item.jid)).toContain(jid);
    expect((await rosters.load(longest, longest)).items).toHaveLength(2);
    expect(await accounts.count(longest)).toBe(2);
    await expect(accounts.create("d", `${longest}x`, {}, 1)).rejects.toThrow(UnstorableText);
    await expect(rosters.put("d", "l", rosterItem(`${jid}x`))).rejects.toThrow(UnstorableText);
    await expect(
      documents.put({ domain: "d", local: "l", kind: "k", key: textOfBytes(4097), text: "" }),
    ).rejects.toThrow(UnstorableText);
  });

  test("NUL and half surrogates are refused wherever they stand", async () => {
    const { accounts, rosters, offline, documents } = storage;
    for (const bad of ["a\0b", "\0", "a\uD83D"]) {
      await expect(accounts.create(DOMAIN, bad, {}, 1)).rejects.toThrow(UnstorableText);
      await expect(accounts.get(bad, "romeo")).rejects.toThrow(UnstorableText);
      await expect(accounts.exists(DOMAIN, bad)).rejects.toThrow(UnstorableText);
      await expect(rosters.put(DOMAIN, "u", rosterItem(bad))).rejects.toThrow(UnstorableText);
      await expect(rosters.put(DOMAIN, "u", rosterItem("a@b", { groups: [bad] }))).rejects.toThrow(UnstorableText);
      await expect(rosters.put(DOMAIN, "u", rosterItem("a@b", { name: bad }))).rejects.toThrow(UnstorableText);
      await expect(offline.add({ domain: DOMAIN, local: "u", text: bad, at: 1, limit: 10 })).rejects.toThrow(
        UnstorableText,
      );
      await expect(documents.put({ domain: DOMAIN, local: "u", kind: "k", key: "key", text: bad })).rejects.toThrow(
        UnstorableText,
      );
      await expect(documents.get(DOMAIN, "u", "k", bad)).rejects.toThrow(UnstorableText);
    }
    await storage.ping();
  });
}
