// What every store promises of offline messages: order, pages, bounds.
import { expect, test } from "@jest/globals";
import type { Backend } from "../backends.ts";
import { textOfBytes } from "../samples.ts";
import { OneStorage } from "./one-storage.ts";

const DOMAIN = "verona.test";

/** Tests of one store, each with its own accounts. */
export function offlineContract(backend: Backend): void {
  const suite = new OneStorage(backend);
  const { local } = suite;

  test("offline messages come back in order, in pages, and go by position", async () => {
    const { offline } = suite.stores;
    const romeo = local();
    const texts = ["<m>1</m>", "<m>2</m>", "<m>3</m>", "<m>4</m>"];
    const before = await offline.total();
    for (const text of texts)
      expect(await offline.add({ domain: DOMAIN, local: romeo, text, at: 10, limit: 100 })).toBe(true);
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
    await offline.add({ domain: DOMAIN, local: romeo, text: "<m>5</m>", at: 10, limit: 100 });
    expect((await offline.read(DOMAIN, romeo, 0, 1))[0]!.id).toBeGreaterThan(ids[3]!);
  });

  test("messages added at once keep their order, and no more than the limit is kept", async () => {
    const { offline } = suite.stores;
    const [romeo, juliet] = [local(), local()];
    const texts = Array.from({ length: 60 }, (_, n) => `<m>${n}</m>`);
    const kept = await Promise.all(
      texts.flatMap((text) => [
        offline.add({ domain: DOMAIN, local: romeo, text, at: 1, limit: 25 }),
        offline.add({ domain: DOMAIN, local: juliet, text, at: 1, limit: 1000 }),
      ]),
    );
    expect(kept.filter((answer, n) => answer && n % 2 === 0)).toHaveLength(25);
    const texted = async (user: string) => (await offline.read(DOMAIN, user, 0, 1000)).map(({ text }) => text);
    expect(await texted(romeo)).toEqual(texts.slice(0, 25));
    expect(await texted(juliet)).toEqual(texts);
    expect(await offline.add({ domain: DOMAIN, local: romeo, text: "<m/>", at: 1, limit: 25 })).toBe(false);
    expect(await offline.add({ domain: DOMAIN, local: romeo, text: "<m/>", at: 1, limit: 26 })).toBe(true);
    expect(await offline.add({ domain: DOMAIN, local: local(), text: "<m/>", at: 1, limit: 0 })).toBe(false);
  });

  test("of many accounts those are told that have offline messages", async () => {
    const { offline } = suite.stores;
    const [romeo, juliet, nurse] = [local(), local(), local()];
    for (const user of [romeo, juliet])
      await offline.add({ domain: DOMAIN, local: user, text: "<m/>", at: 1, limit: 100 });
    await offline.removeThrough(DOMAIN, juliet, (await offline.read(DOMAIN, juliet, 0, 1))[0]!.id);
    expect(await offline.having(DOMAIN, [romeo, juliet, nurse])).toEqual([romeo]);
    expect(await offline.having("elsewhere.test", [romeo])).toEqual([]);
    expect(await offline.having(DOMAIN, [])).toEqual([]);
  });

  test("an offline message that is added again after it was given up is there once", async () => {
    const { offline } = suite.stores;
    const [romeo, juliet] = [local(), local()];
    for (const text of ["<m>1</m>", "<m>2</m>"])
      expect(await offline.add({ domain: DOMAIN, local: romeo, text, at: 1, limit: 2 })).toBe(true);
    // Also where the account is full by now.
    expect(await offline.addAgain({ domain: DOMAIN, local: romeo, text: "<m>1</m>", at: 1, limit: 2 })).toBe(true);
    expect(await offline.addAgain({ domain: DOMAIN, local: romeo, text: "<m>3</m>", at: 1, limit: 2 })).toBe(false);
    expect(await offline.addAgain({ domain: DOMAIN, local: romeo, text: "<m>3</m>", at: 1, limit: 3 })).toBe(true);
    expect((await offline.read(DOMAIN, romeo, 0, 10)).map(({ text }) => text)).toEqual([
      "<m>1</m>",
      "<m>2</m>",
      "<m>3</m>",
    ]);
    expect(await offline.count(DOMAIN, romeo)).toBe(3);
    expect(await offline.addAgain({ domain: DOMAIN, local: juliet, text: "<m>1</m>", at: 1, limit: 2 })).toBe(true);
    expect(await offline.count(DOMAIN, juliet)).toBe(1);
  });

  test("a large message fits, and many of them at once", async () => {
    const { offline } = suite.stores;
    const romeo = local();
    const text = `<m>${textOfBytes(262_144)}</m>`;
    await Promise.all(
      Array.from({ length: 20 }, () => offline.add({ domain: DOMAIN, local: romeo, text, at: 1, limit: 100 })),
    );
    const read = await offline.read(DOMAIN, romeo, 0, 100);
    expect(read).toHaveLength(20);
    expect(read.every((message) => message.text === text)).toBe(true);
  });
}
