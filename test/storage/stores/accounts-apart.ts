// What the store of accounts promises where another store is kept elsewhere: a name is cleared before it is anybody's again.
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, expect, test } from "@jest/globals";
import { type Backend, Opened } from "../backends.ts";
import { fillEveryStore, keptOf, NOTHING } from "../kept.ts";
import { connectRaw, type Raw, someoneWaits } from "../raw.ts";

const DOMAIN = "verona.test";

/** Tests of one database, beside which offline messages are in memory. */
export function accountsApartContract(backend: Backend): void {
  const opened = new Opened();
  afterEach(() => opened.closeAll());

  test("an account comes and goes with what is kept elsewhere", async () => {
    const storage = await opened.open({ ...(await backend.fresh()), stores: { offline: { kind: "memory" } } });
    const { accounts } = storage;
    expect(await accounts.create(DOMAIN, "romeo", {}, 1)).toBe(true);
    expect(await accounts.create(DOMAIN, "romeo", {}, 2)).toBe(false);
    await fillEveryStore(storage, "romeo");
    expect([await accounts.delete(DOMAIN, "romeo"), await accounts.delete(DOMAIN, "romeo")]).toEqual([true, false]);
    expect(await keptOf(storage, "romeo")).toEqual(NOTHING);
    await fillEveryStore(storage, "romeo");
    expect(await accounts.create(DOMAIN, "romeo", {}, 3)).toBe(true);
    expect(await keptOf(storage, "romeo")).toEqual(NOTHING);
  });

  test("a name that a dead node was clearing is cleared at the next start", async () => {
    const config = await backend.fresh();
    await (await opened.open(config)).close();
    const raw = await connectRaw(config);
    const note = () =>
      raw.run(`insert into account_clearings (domain, local_part, since) values ('${DOMAIN}', 'ghost', 1)`);
    await note();
    await opened.open({ ...config, stores: { offline: { kind: "memory" } } });
    // It can be noted once more as soon as the first note is gone.
    const gone = () =>
      note().then(
        () => true,
        () => false,
      );
    while (!(await gone())) await turn();
    await raw.end();
  });

  test("of several who make the same account at once one does, and the others hear that it is there", async () => {
    const storage = await opened.open({ ...(await backend.fresh()), stores: { offline: { kind: "memory" } } });
    for (const name of ["romeo", "juliet", "nurse"]) {
      const made = await Promise.all([1, 2, 3, 4].map((at) => storage.accounts.create(DOMAIN, name, {}, at)));
      expect(made.filter(Boolean)).toHaveLength(1);
    }
  });
}

/** Tests of one database server, whose transactions wait for one another. */
export function accountsMadeMeanwhileContract(backend: Backend): void {
  const opened = new Opened();
  const raws: Raw[] = [];
  afterEach(async () => {
    await Promise.all(raws.splice(0).map((raw) => raw.end()));
    await opened.closeAll();
  });

  test("who comes too late to make an account clears nothing of the one that was made meanwhile", async () => {
    const config = await backend.fresh();
    const storage = await opened.open({ ...config, stores: { offline: { kind: "memory" } } });
    const [other, watch] = [await connectRaw(config), await connectRaw(config)];
    raws.push(other, watch);
    const now = Date.now() * 1_000;
    await other.run(`insert into account_clearings (domain, local_part, since) values ('${DOMAIN}', 'romeo', ${now})`);
    // Another node makes the account, and has not committed.
    await other.run("begin");
    await other.run("delete from account_clearings where local_part = 'romeo'");
    await other.run(
      `insert into accounts (domain, local_part, credentials, created_at) values ('${DOMAIN}', 'romeo', '{}', 1)`,
    );
    const late = storage.accounts.create(DOMAIN, "romeo", {}, 2);
    await someoneWaits(watch);
    // Who logged in at the other node is written to at once.
    await storage.offline.add({ domain: DOMAIN, local: "romeo", text: "<m/>", at: 1, limit: 10 });
    await other.run("commit");
    expect(await late).toBe(false);
    expect(await storage.offline.count(DOMAIN, "romeo")).toBe(1);
  });
}
