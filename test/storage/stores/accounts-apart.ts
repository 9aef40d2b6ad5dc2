// What the store of accounts promises where another store is kept elsewhere: a name is cleared before it is anybody's again.
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, expect, test } from "@jest/globals";
import { type Backend, Opened } from "../backends.ts";
import { fillEveryStore, keptOf, NOTHING } from "../kept.ts";
import { connectRaw } from "../raw.ts";

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
}
