// What is kept reaches a session that is there, though the store or the way to its node failed at first.

import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { ManualClock, turns } from "../../../test/harness/manual-clock.ts";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { Safety } from "../../../xmpp/stanza/safety.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { promisedKey } from "../../delivery/promised.ts";

import { handled } from "../../delivery/verdict.ts";
import type { ModuleHost, StagePoints } from "../../module/define.ts";
import type { ClientSession } from "../../ports/session.ts";
import type { Filter } from "../../ports/stages.ts";
import { StoreUnavailable } from "../../ports/store.ts";
import { memoryStores } from "../../storage/memory/stores.ts";
import { offline } from "./offline.ts";
import { OFFLINE } from "./store.ts";

const JULIET = Jid.parse("juliet@verona.test/balcony");
const MESSAGE = Stanza.fromText(
  `<message from="romeo@verona.test/orchard" to="juliet@verona.test" type="chat"${Array.from({ length: 64 }, (_, n) => ` a${n}=""`).join("")}><body xmlns="">not one</body><body>Hark</body></message>`,
);

function setUp({ others = [] as string[] } = {}) {
  const clock = new ManualClock(0);
  const storage = memoryStores([OFFLINE], clock);
  const list: ClientSession[] = [];
  const observers = new Map<string, (event: { session: ClientSession }) => unknown>();
  const refused: string[] = [];
  let keep: Filter<StagePoints["account.undelivered"]> | undefined;
  const host = {
    domain: "verona.test",
    sessions: {
      available: () => list.filter(({ presence }) => presence !== undefined),
      of: () => list,
      own: () => list.filter(({ remote }) => !remote),
      find: (jid: Jid) => list.find((one) => one.jid.full === jid.full),
    },
    store: storage.of,
    bus: { others },
    deadLetters: { suspects: async () => false },
    disclose() {},
    // Nobody's contact: the roster is empty.
    use: () => ({ of: async () => ({ items: new Map() }) }),
    clock,
    lastingClock: clock,
    log: pino({ level: "silent" }),
    refuse: (_stanza: Stanza, condition: string) => void refused.push(condition),
    stage: (point: string, _name: string, _options: unknown, filter: typeof keep) => {
      if (point === "account.undelivered") keep = filter;
    },
    on: (event: string, observer: (event: { session: ClientSession }) => unknown) => observers.set(event, observer),
  };
  offline.activate(host as unknown as ModuleHost, { maxMessages: 100 });
  return {
    clock,
    storage,
    list,
    refused,
    keep: (message = MESSAGE) => keep?.(message, { account: JULIET.toBare(), exists: true }),
    emit: (event: string, session: ClientSession) => observers.get(event)?.({ session }),
  };
}

function session(remote: boolean, more: Partial<ClientSession>): ClientSession {
  return {
    jid: JULIET,
    account: JULIET.toBare(),
    remote,
    presence: MESSAGE,
    priority: 0,
    congested: false,
    keeps: false,
    caughtUp: async () => true,
    pause() {},
    unpause() {},
    ...more,
  } as ClientSession;
}

test("a store that did not answer at the log-in is asked again", async () => {
  const { clock, storage, list, keep, emit } = setUp();
  expect(await keep()).toEqual(handled("stored"));
  const read = storage.of(OFFLINE).read.bind(storage.of(OFFLINE));
  let failing = true;
  storage.of(OFFLINE).read = (...given) => (failing ? Promise.reject(new Error("away")) : read(...given));
  const written: Stanza[] = [];
  const here = session(false, { write: (stanza) => void written.push(stanza) });
  list.push(here);
  await emit("session.receptive", here);
  await clock.advance(10_000);
  expect(written).toEqual([]);
  failing = false;
  await clock.advance(10_000);
  const [kept] = written as [Stanza];
  expect(written).toHaveLength(1);
  // As it came, whatever it has of attributes and namespaces.
  expect(kept.text()).toMatch(/ a63=''.*<body xmlns="">not one<\/body><body>Hark<\/body><delay/);
  expect(kept.children.map(({ name, xmlns }) => `${name} ${xmlns}`)).toEqual([
    "body ",
    "body jabber:client",
    "delay urn:xmpp:delay",
  ]);
  expect(kept.element().getChildText("body", "jabber:client")).toBe("Hark");
  expect(await storage.of(OFFLINE).read("verona.test", "juliet", 0, 10)).toEqual([]);
});

test("what is live waits from the moment at which a session is told of what is kept, and never at one asleep", async () => {
  const { list, emit } = setUp();
  const told: string[] = [];
  const noting = (more: Partial<ClientSession>) =>
    session(false, { pause: () => told.push("pause"), unpause: () => told.push("unpause"), ...more });
  const here = noting({ waiting: false });
  list.push(here);
  const brought = emit("session.receptive", here);
  expect(told).toEqual(["pause"]);
  await brought;
  expect(told.at(-1)).toBe("unpause");
  told.length = 0;
  // Another one takes it: whatever waits at this one goes on.
  await emit("session.receptive", noting({ waiting: true }));
  expect(told[0]).toBe("unpause");
});

test("what may have been kept by an attempt that was given up is kept once", async () => {
  const { storage, keep } = setUp();
  await keep();
  const again = MESSAGE.withAddresses(MESSAGE.from, MESSAGE.to);
  again.setNote(promisedKey, { again: true } as never);
  expect(await keep(again)).toEqual(handled("stored"));
  expect(await storage.of(OFFLINE).count("verona.test", "juliet")).toBe(1);
});

test("what somebody kept who is gone is looked for, for whoever is awake here, and again where the store was away", async () => {
  const { clock, storage, list, emit } = setUp();
  await storage.of(OFFLINE).add({ domain: "verona.test", local: "juliet", text: MESSAGE.text(), at: 1, limit: 100 });
  const written: Stanza[] = [];
  const asleep = session(false, { waiting: true, write: (stanza) => void written.push(stanza) });
  list.push(asleep);
  await emit("knowledge.lost", asleep);
  expect(written).toEqual([]);
  list[0] = session(false, { waiting: false, write: (stanza) => void written.push(stanza) });
  const having = storage.of(OFFLINE).having.bind(storage.of(OFFLINE));
  let failing = true;
  storage.of(OFFLINE).having = (...given) => (failing ? Promise.reject(new Error("away")) : having(...given));
  await emit("knowledge.lost", asleep);
  expect(written).toEqual([]);
  failing = false;
  await clock.advance(10_000);
  expect(written).toHaveLength(1);
  expect(await storage.of(OFFLINE).count("verona.test", "juliet")).toBe(0);
});

test("a look that is asked for during another one is made behind it", async () => {
  const { clock, storage, list, emit } = setUp();
  const here = session(false, { waiting: false, write() {} });
  list.push(here);
  let looks = 0;
  storage.of(OFFLINE).having = async () => {
    looks++;
    return [];
  };
  for (let n = 0; n < 3; n++) emit("knowledge.lost", here);
  await clock.advance(1);
  expect(looks).toBe(2);
  emit("knowledge.lost", here);
  await clock.advance(1);
  expect(looks).toBe(3);
});

/** A store that stops as it commits: it has the message, or not, and says neither. */
function stopAt(storage: ReturnType<typeof memoryStores>, { has }: { has: boolean }): { goOn(): void } {
  const store = storage.of(OFFLINE);
  const [add, addAgain] = [store.add.bind(store), store.addAgain.bind(store)];
  let away = true;
  store.add = async (...given) => {
    if (has) await add(...given);
    throw Object.assign(new StoreUnavailable("away"), { undecided: true });
  };
  store.addAgain = (...given) => (away ? Promise.reject(new StoreUnavailable("away")) : addAgain(...given));
  return {
    goOn() {
      away = false;
      store.add = add;
    },
  };
}

test.each([true, false])(
  "what a store may have taken (%s) is neither given back nor safe until it says so, and there once",
  async (has) => {
    const { clock, storage, keep, refused } = setUp();
    const stopped = stopAt(storage, { has });
    const message = MESSAGE.withAddresses(MESSAGE.from, MESSAGE.to);
    let safe = false;
    message.safety = new Safety(() => {
      safe = true;
    });
    expect(await keep(message)).toEqual(handled("stored"));
    message.safety.release("passed on");
    await clock.advance(60_000);
    expect([safe, refused]).toEqual([false, []]);
    stopped.goOn();
    await clock.advance(5_000);
    expect([safe, message.safety.fate, refused]).toEqual([true, "stored", []]);
    expect(await storage.of(OFFLINE).count("verona.test", "juliet")).toBe(1);
  },
);

test("what a store that comes back has no room for is given back then", async () => {
  const { clock, storage, keep, refused } = setUp();
  const stopped = stopAt(storage, { has: false });
  await keep();
  stopped.goOn();
  storage.of(OFFLINE).addAgain = async () => false;
  await clock.advance(5_000);
  expect(refused).toEqual(["service-unavailable"]);
});

test("a store that never comes back is given up after five minutes", async () => {
  const { clock, storage, keep, refused } = setUp();
  stopAt(storage, { has: false });
  await keep();
  await clock.advance(310_000);
  expect(refused).toEqual(["service-unavailable"]);
});

test("nobody asks again for an account that has left", async () => {
  const { clock, storage, list, keep, emit } = setUp();
  await keep();
  let reads = 0;
  storage.of(OFFLINE).read = () => {
    reads++;
    return Promise.reject(new Error("away"));
  };
  const here = session(false, {});
  list.push(here);
  await emit("session.receptive", here);
  list.pop();
  await clock.advance(600_000);
  expect(reads).toBe(1);
});

test.each([
  ["that node was known", ["b~1"]],
  ["that node had been taken for dead", []],
])("a session elsewhere is woken for what was kept here while %s, however long that takes", async (_, others) => {
  const { clock, list, keep, emit } = setUp({ others });
  await keep();
  await clock.advance(3_600_000);
  const woken: ((() => void) | undefined)[] = [];
  const there = session(true, { wake: (done) => void woken.push(done) });
  list.push(there);
  emit("session.receptive elsewhere", there);
  emit("session.receptive elsewhere", there);
  expect(woken).toHaveLength(2);
  // Kept while it was there already: it is told at once, and again where that was lost.
  await keep();
  await turns(2);
  woken[1]?.();
  emit("session.receptive elsewhere", there);
  expect(woken).toHaveLength(4);
  woken[3]?.();
  emit("session.receptive elsewhere", there);
  expect(woken).toHaveLength(4);
});
