// A module's documents: values of one kind, changed by one at a time, nobody else's kind.
import { expect, test } from "@jest/globals";
import { z } from "zod";
import { NoSettings } from "../../contract/modules/index.ts";
import { FakeHost } from "../../test/harness/fake-host.ts";
import { DOCUMENTS } from "../documents/store.ts";
import { privateStorage } from "../modules/private/private.ts";
import { defineModule } from "./define.ts";
import { type Documents, json } from "./documents.ts";

const Bookmark = z.strictObject({ name: z.string(), visits: z.number().default(0) });
type Bookmark = z.output<typeof Bookmark>;

let bookmarks: Documents<Bookmark>;

const keeping = (kind: string) =>
  defineModule({
    name: "bookmarks",
    implements: [],
    stores: [DOCUMENTS],
    config: NoSettings,
    activate(host) {
      bookmarks = host.documents({ name: kind, ...json<Bookmark>(Bookmark) });
    },
  });

test("values come back as they were put, by account and key", async () => {
  const fake = await FakeHost.with([keeping("bookmarks")]);
  await bookmarks.put("romeo", "b", { name: "Orchard", visits: 1 });
  await bookmarks.put("romeo", "a", { name: "Balcony", visits: 2 });
  expect(await bookmarks.get("romeo", "b")).toEqual({ name: "Orchard", visits: 1 });
  expect(await bookmarks.get("juliet", "b")).toBeUndefined();
  expect((await bookmarks.all("romeo")).map(({ key, value }) => [key, value.visits])).toEqual([
    ["a", 2],
    ["b", 1],
  ]);
  expect(await bookmarks.count("romeo")).toBe(2);
  expect([await bookmarks.remove("romeo", "a"), await bookmarks.remove("romeo", "a")]).toEqual([true, false]);
  // What is kept is checked by the schema of today, whoever wrote it.
  const text = '{"name":"Old"}';
  await fake.storage.of(DOCUMENTS).put({ domain: "verona.test", local: "romeo", kind: "bookmarks", key: "old", text });
  expect(await bookmarks.get("romeo", "old")).toEqual({ name: "Old", visits: 0 });
  await fake.storage
    .of(DOCUMENTS)
    .put({ domain: "verona.test", local: "romeo", kind: "bookmarks", key: "odd", text: "{}" });
  await expect(bookmarks.get("romeo", "odd")).rejects.toThrow();
});

test("of many changes at once each rests on the one before", async () => {
  await FakeHost.with([keeping("bookmarks")]);
  const visit = (before: Bookmark | undefined) => ({ name: "Orchard", visits: (before?.visits ?? 0) + 1 });
  await Promise.all(Array.from({ length: 10 }, () => bookmarks.change("romeo", "a", visit)));
  expect(await bookmarks.get("romeo", "a")).toEqual({ name: "Orchard", visits: 10 });
  const failing = bookmarks.change("romeo", "a", () => {
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(
    await bookmarks.change("romeo", "a", (before) => (before?.visits === 10 ? undefined : before)),
  ).toBeUndefined();
  expect(await bookmarks.count("romeo")).toBe(0);
  expect(await bookmarks.change("romeo", "a", () => undefined)).toBeUndefined();
});

test("a kind is one module's, as long as it runs; the store is named", async () => {
  const fake = await FakeHost.with([privateStorage]);
  await expect(fake.become([privateStorage, keeping("private")])).rejects.toThrow(
    "documents of kind private are those of the module private",
  );
  await expect(fake.become([{ ...keeping("bookmarks"), stores: [] }])).rejects.toThrow(
    'the module bookmarks has no documents among its "stores"',
  );
  await fake.become([]);
  const before = fake.registered();
  await fake.become([keeping("private")]);
  expect(fake.registered()).toContain("documents private");
  await fake.become([]);
  expect(fake.registered()).toEqual(before);
});
