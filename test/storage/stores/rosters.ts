// What every store promises of rosters: every part of an item, and versions that rise.
import { expect, test } from "@jest/globals";
import type { Backend } from "../backends.ts";
import { rosterItem } from "../samples.ts";
import { OneStorage } from "./one-storage.ts";

const DOMAIN = "verona.test";

/** Tests of one store, each with its own accounts. */
export function rostersContract(backend: Backend): void {
  const suite = new OneStorage(backend);
  const { opened, local } = suite;

  test("a roster keeps every part of its items, and its version rises with each change", async () => {
    const { rosters } = suite.stores;
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
    const { rosters } = suite.stores;
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
