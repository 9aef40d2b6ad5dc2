// What takes leave of a removed account's contacts is kept whatever the account is called. XEP-0077 §3.2.

import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { turns } from "../../test/harness/manual-clock.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { DOCUMENTS } from "../documents/store.ts";
import { ExclusiveUnavailable, type Section } from "../ports/exclusive.ts";
import { memoryStores } from "../storage/memory/stores.ts";
import { KeptDepartures, sendDepartures } from "./departures.ts";

for (const local of ["romeo", `${"r".repeat(63)}\u{10428}`, "r".repeat(1_023)])
  test(`the departure of a name of ${local.length} characters`, async () => {
    const storage = memoryStores([DOCUMENTS]);
    const departures = new KeptDepartures(storage);
    const text = `<presence xmlns='jabber:client' from='${local}@verona.test' to='juliet@capulet.test' type='unsubscribe'/>`;
    await departures.route(Stanza.fromText(text));
    expect((await storage.of(DOCUMENTS).list("verona.test", "", "departure")).length).toBe(1);
  });

const SOME = ["unsubscribe", "unsubscribed"].map(
  (type) => `<presence xmlns='jabber:client' from='romeo@verona.test' to='juliet@capulet.test' type='${type}'/>`,
);

/** Nodes over one store, of which one at a time has the lock, until `over` says that it is lost. */
async function scene(over: (sent: number) => boolean = () => false) {
  const storage = memoryStores([DOCUMENTS]);
  const departures = new KeptDepartures(storage);
  for (const text of SOME) await departures.route(Stanza.fromText(text));
  const sent: string[] = [];
  const busy = new Set<string>();
  const check = () => {
    if (over(sent.length)) throw new ExclusiveUnavailable("over", true);
  };
  const section: Section = { signal: new AbortController().signal, check };
  const exclusive = {
    async attempt(key: string, work: (section: Section) => Promise<void>) {
      if (busy.has(key)) return false;
      busy.add(key);
      await work(section).finally(() => busy.delete(key));
      return true;
    },
  };
  const router = {
    hosts: new Map([["verona.test", {}]]),
    async route(stanza: Stanza) {
      await turns(1);
      sent.push(stanza.type ?? "");
    },
  };
  const start = () => sendDepartures({ storage, router, log: pino({ level: "silent" }), ports: { exclusive } });
  const left = async () => (await storage.of(DOCUMENTS).list("verona.test", "", "departure")).length;
  return { start, sent, left };
}

test("of nodes that start at once one sends what was kept", async () => {
  const { start, sent, left } = await scene();
  start();
  start();
  await turns(20);
  expect(sent).toEqual(["unsubscribe", "unsubscribed"]);
  expect(await left()).toBe(0);
});

test("a node that is not alone at it any more leaves the rest to the next one", async () => {
  let lost = true;
  const { start, sent, left } = await scene((count) => lost && count === 1);
  start();
  await turns(20);
  expect([sent.length, await left()]).toEqual([1, 1]);
  lost = false;
  start();
  await turns(20);
  expect(sent).toEqual(["unsubscribe", "unsubscribed"]);
});
