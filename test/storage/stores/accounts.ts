// What every store promises of accounts: made, shut, listed, removed with all that is kept for them.
import { expect, test } from "@jest/globals";
import type { ExportedRecord } from "../../../server/ports/store.ts";
import { STORES } from "../../../server/stores.ts";
import type { Backend } from "../backends.ts";
import { fillEveryStore, keptOf, NOTHING, ONE_EACH } from "../kept.ts";
import { credentials } from "../samples.ts";
import { OneStorage } from "./one-storage.ts";

const DOMAIN = "verona.test";

/** Tests of one store, each with its own accounts. */
export function accountsContract(backend: Backend): void {
  const suite = new OneStorage(backend);
  const { local } = suite;

  test("an account is made once, read back, changed and removed", async () => {
    const { accounts } = suite.stores;
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
    const { accounts } = suite.stores;
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
    const { accounts } = suite.stores;
    for (const name of ["b", "B", "é"]) await accounts.create("many.test", name, {}, 1);
    await accounts.create("other.test", "c", {}, 1);
    const asked = ["a", "b", "B", "E", "é", "c", "b", ""];
    const answers = () => Promise.all(asked.map((name) => accounts.exists("many.test", name)));
    expect(await answers()).toEqual([false, true, true, false, true, false, true, false]);
    await Promise.all([accounts.delete("many.test", "b"), accounts.exists("many.test", "b")]);
    expect(await answers()).toEqual([false, false, true, false, true, false, false, false]);
  });

  test("accounts are listed in the order of their bytes, page by page, each domain for itself", async () => {
    const { accounts } = suite.stores;
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

  test("removing an account removes everything of it and nothing else", async () => {
    const { accounts, documents } = suite.stores;
    const [romeo, juliet] = [local(), local()];
    for (const user of [romeo, juliet]) {
      await accounts.create(DOMAIN, user, credentials, 1);
      await fillEveryStore(suite.stores, user);
      expect(await keptOf(suite.stores, user)).toEqual(ONE_EACH);
    }
    expect(await accounts.delete(DOMAIN, romeo)).toBe(true);
    expect(await keptOf(suite.stores, romeo)).toEqual(NOTHING);
    expect(await accounts.exists(DOMAIN, juliet)).toBe(true);
    expect(await keptOf(suite.stores, juliet)).toEqual(ONE_EACH);
    // Accounts kept elsewhere (LDAP) have data here all the same.
    await documents.put({ domain: DOMAIN, local: romeo, kind: "vcard", key: "", text: "<vCard/>" });
    expect(await accounts.delete(DOMAIN, romeo)).toBe(false);
    expect(await documents.get(DOMAIN, romeo, "vcard", "")).toBeUndefined();
  });

  test("everything of an account is exported by every store but its keys, and nothing of another", async () => {
    const { accounts } = suite.stores;
    const [romeo, juliet] = [local(), local()];
    for (const user of [romeo, juliet]) {
      await accounts.create(DOMAIN, user, credentials, 7);
      await fillEveryStore(suite.stores, user);
    }
    const records: ExportedRecord[] = [];
    for await (const one of suite.stores.exported({ domain: DOMAIN, local: romeo })) records.push(one);
    expect(records.map(({ store }) => store)).toEqual(STORES.map(({ name }) => name));
    expect(records[0]?.record).toEqual({ local: romeo, createdAt: 7, disabled: false });
    // As JSON can have it.
    expect(JSON.parse(JSON.stringify(records))).toEqual(records);
    await accounts.delete(DOMAIN, romeo);
    for await (const one of suite.stores.exported({ domain: DOMAIN, local: romeo })) expect(one).toBeUndefined();
    expect(await keptOf(suite.stores, juliet)).toEqual(ONE_EACH);
  });

  test("whoever gets a name next inherits nothing, not even what was written behind the removal", async () => {
    const { accounts } = suite.stores;
    const romeo = local();
    await accounts.create(DOMAIN, romeo, credentials, 1);
    await accounts.delete(DOMAIN, romeo);
    await fillEveryStore(suite.stores, romeo);
    expect(await accounts.create(DOMAIN, romeo, credentials, 2)).toBe(true);
    expect(await keptOf(suite.stores, romeo)).toEqual(NOTHING);
    await fillEveryStore(suite.stores, romeo);
    expect(await accounts.create(DOMAIN, romeo, credentials, 3)).toBe(false);
    expect(await keptOf(suite.stores, romeo)).toEqual(ONE_EACH);
  });
}
