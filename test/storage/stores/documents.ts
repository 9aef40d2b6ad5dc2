// What every store promises of documents: kinds, keys, replacing what still is what it was.
import { expect, test } from "@jest/globals";
import { UnstorableText } from "../../../server/ports/store.ts";
import type { Backend } from "../backends.ts";
import { textOfBytes } from "../samples.ts";
import { OneStorage } from "./one-storage.ts";

const DOMAIN = "verona.test";

/** Tests of one store, each with its own accounts. */
export function documentsContract(backend: Backend): void {
  const suite = new OneStorage(backend);
  const { local } = suite;

  test("one that is another by now is not removed", async () => {
    const { documents } = suite.stores;
    const document = { domain: DOMAIN, local: local(), kind: "vcard", key: "k", text: "one" };
    await documents.put(document);
    for (const text of ["other", "One", "one "]) expect(await documents.removeAs({ ...document, text })).toBe(false);
    expect(await documents.removeAs({ ...document, key: "K" })).toBe(false);
    expect(await documents.removeAs(document)).toBe(true);
    expect(await documents.removeAs(document)).toBe(false);
    expect(await documents.get(DOMAIN, document.local, "vcard", "k")).toBeUndefined();
  });

  test("documents are kept by kind and key", async () => {
    const { documents } = suite.stores;
    const romeo = local();
    expect(await documents.get(DOMAIN, romeo, "private", "k")).toBeUndefined();
    await documents.put({ domain: DOMAIN, local: romeo, kind: "private", key: "k", text: "<a/>" });
    await documents.put({ domain: DOMAIN, local: romeo, kind: "private", key: "k", text: "<b/>" });
    await documents.put({ domain: DOMAIN, local: romeo, kind: "private", key: "K", text: "<c/>" });
    await documents.put({ domain: DOMAIN, local: romeo, kind: "vcard", key: "k", text: "<d/>" });
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
    for (const key of long)
      await documents.put({ domain: DOMAIN, local: romeo, kind: "long", key, text: `<of>${key}</of>` });
    for (const key of long) expect(await documents.get(DOMAIN, romeo, "long", key)).toBe(`<of>${key}</of>`);
    expect((await documents.list(DOMAIN, romeo, "long")).map(({ key }) => key).sort()).toEqual([...long].sort());
  });

  test("a document is replaced only where it still is what it was, and of many at once one is", async () => {
    const { documents } = suite.stores;
    const romeo = local();
    const replace = (before: string | undefined, text: string) =>
      documents.replace({ domain: DOMAIN, local: romeo, kind: "fast", key: "k", text }, before);
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

  test("every document of an account comes in order of kind and key, in pages", async () => {
    const { documents } = suite.stores;
    const romeo = local();
    const long = textOfBytes(300);
    const places = [
      ["", ""],
      ["", "a"],
      ["A", "b"],
      ["a", "B"],
      ["a", long],
      ["a", "b"],
      ["é", ""],
    ] as const;
    for (const [kind, key] of places.toReversed())
      await documents.put({ domain: DOMAIN, local: romeo, kind, key, text: `${kind} ${key}` });
    await documents.put({ domain: DOMAIN, local: local(), kind: "a", key: "a", text: "" });
    const all = places.map(([kind, key]) => ({ kind, key, text: `${kind} ${key}` }));
    expect(await documents.every(DOMAIN, romeo, undefined, 100)).toEqual(all);
    for (const [at, one] of all.entries())
      expect(await documents.every(DOMAIN, romeo, one, 2)).toEqual(all.slice(at + 1, at + 3));
    expect(await documents.every(DOMAIN, romeo, undefined, 0)).toEqual([]);
    expect(await documents.every(DOMAIN, local(), undefined, 10)).toEqual([]);
  });
}
