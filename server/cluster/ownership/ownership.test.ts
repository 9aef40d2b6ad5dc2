// Owners over members that come, drain, die and stand still: one order for all, and nothing that was answered is lost.
import { beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { pino } from "pino";
import { type JoinedBus, JoinedBuses } from "../../../test/harness/joined-buses.ts";
import { ManualClock, turns } from "../../../test/harness/manual-clock.ts";
import { type Entry, LogStore, orderedLog } from "../../../test/harness/ordered-log.ts";
import { SharedTerms } from "../../../test/harness/shared-terms.ts";
import { type Owners, OwnerUnavailable } from "../../ports/owned.ts";
import { LoneBus } from "../membership/alone.ts";
import { MemberOwnership } from "./ownership.ts";
import { OwnTerms } from "./terms.ts";

const log = pino({ level: "silent" });

interface Member {
  readonly bus: JoinedBus;
  readonly ownership: MemberOwnership;
  logs: Owners;
  fenced: boolean;
  readonly told: string[];
}

let clock: ManualClock;
let buses: JoinedBuses;
let terms: SharedTerms;
let store: LogStore;
let members: Map<string, Member>;

function setUp(): void {
  clock = new ManualClock(1_000_000);
  buses = new JoinedBuses();
  terms = new SharedTerms();
  store = new LogStore();
  members = new Map();
}
beforeEach(setUp);

function join(name: string): Member {
  const bus = buses.join(name);
  const told: string[] = [];
  const fenced = () => members.get(name)?.fenced === true;
  const isGone = async (other: string) => !buses.members.has(other);
  const ownership = new MemberOwnership({ bus, terms, clock, log, fenced, isGone });
  const logs = ownership.kind(logOf(told));
  const member = { bus, ownership, logs, fenced: false, told };
  members.set(name, member);
  return member;
}

const logOf = (told: string[]) => orderedLog(store, (key, text) => void told.push(`${key} ${text}`));

/** A member that has another kind only. */
function joinWithout(name: string): void {
  const bus = buses.join(name);
  const parts = { terms, fenced: () => false, isGone: async (other: string) => !buses.members.has(other) };
  new MemberOwnership({ bus, clock, log, ...parts }).kind({ ...orderedLog(store), name: "another" });
}

function die(name: string): void {
  const member = members.get(name);
  if (member !== undefined) member.fenced = true;
  members.delete(name);
  buses.die(name);
}

/** A member that speaks for a key, and one that does not. */
function sidesOf(key: string): { readonly owner: string; readonly other: Member } {
  const [first] = members.values();
  const owner = first!.logs.memberOf(key);
  return { owner, other: [...members].find(([name]) => name !== owner)![1] };
}

/** Time passes until all that was asked is answered. */
async function answered<T>(asked: readonly Promise<T>[]): Promise<T[]> {
  let over = false;
  const all = Promise.all(asked).finally(() => {
    over = true;
  });
  all.catch(() => {});
  for (let i = 0; i < 400 && !over; i++) {
    await turns(4);
    await clock.advance(25);
  }
  return all;
}

/** Each text once, and each asker's in its order. */
function expectWhole(key: string, texts: readonly string[]): void {
  const entries = store.of(key).map(({ text }) => text);
  expect([...entries].sort()).toEqual([...texts].sort());
  const numbers = new Map<string, number>();
  for (const text of entries) {
    const [asker = "", number = ""] = text.split(":");
    expect(Number(number)).toBeGreaterThan(numbers.get(asker) ?? -1);
    numbers.set(asker, Number(number));
  }
  const epochs = store.of(key).map(({ epoch }) => epoch);
  expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
}

test("a node that is alone owns everything", async () => {
  const bus = new LoneBus("n1");
  const parts = { terms: new OwnTerms(clock.now), fenced: () => false, isGone: async () => true };
  const logs = new MemberOwnership({ bus, clock, log, ...parts }).kind(orderedLog(store));
  const places = await answered(Array.from({ length: 5 }, (_, i) => logs.ask("room", `n1:${i}`)));
  expect(places).toEqual(["0", "1", "2", "3", "4"]);
  expectWhole("room", ["n1:0", "n1:1", "n1:2", "n1:3", "n1:4"]);
});

describe("three members", () => {
  const texts = (member: string, count: number) => Array.from({ length: count }, (_, i) => `${member}:${i}`);
  const askAll = (names: readonly string[], count: number, key = "room") =>
    names.flatMap((name) => texts(name, count).map((text) => members.get(name)!.logs.ask(key, text)));

  beforeEach(() => {
    for (const name of ["a", "b", "c"]) join(name);
    return turns(4);
  });

  test("have one order for all, each asker's own within it, and one owner for each key", async () => {
    const places = await answered([...askAll(["a", "b", "c"], 150), ...askAll(["a", "b"], 5, "another")]);
    expect(new Set(places.slice(0, 450)).size).toBe(450);
    expectWhole(
      "room",
      ["a", "b", "c"].flatMap((name) => texts(name, 150)),
    );
    expect(new Set(store.of("room").map(({ epoch }) => epoch)).size).toBe(1);
    for (const name of ["a", "b", "c"]) expect(members.get(name)!.logs.memberOf("room")).toBe(sidesOf("room").owner);
  });

  test("lose nothing and do nothing twice where the owner dies with answers on their way", async () => {
    const { owner } = sidesOf("room");
    const staying = ["a", "b", "c"].filter((name) => name !== owner);
    const asked = askAll(staying, 120);
    await turns(20);
    expect(store.of("room").length).toBeGreaterThan(0);
    die(owner);
    const places = await answered(asked);
    expect(new Set(places).size).toBe(240);
    expectWhole(
      "room",
      staying.flatMap((name) => texts(name, 120)),
    );
    expect(new Set(store.of("room").map(({ epoch }) => epoch)).size).toBe(2);
  });

  test("go on over a member that comes and takes the key, and one that drains", async () => {
    const before = askAll(["a", "b", "c"], 40);
    await turns(10);
    // One of many new members has the key.
    let joined = 0;
    const { owner } = sidesOf("room");
    while (sidesOf("room").owner === owner) {
      join(`d${joined++}`);
      await turns(4);
    }
    const taker = sidesOf("room").owner;
    await answered(before);
    const more = ["a", "b", "c"].flatMap((name) =>
      [40, 41, 42].map((i) => members.get(name)!.logs.ask("room", `${name}:${i}`)),
    );
    await answered(more);
    expectWhole(
      "room",
      ["a", "b", "c"].flatMap((name) => texts(name, 43)),
    );
    const left = members.get(taker)!.ownership.leave();
    await answered([left]);
    await answered(["a", "b", "c"].map((name) => members.get(name)!.logs.ask("room", `${name}:43`)));
    expect(sidesOf("room").owner).not.toBe(taker);
    expectWhole(
      "room",
      ["a", "b", "c"].flatMap((name) => texts(name, 44)),
    );
  });

  test("have the keys of a kind among those that have it, whoever lacks it, loses it or gets it again", async () => {
    joinWithout("d");
    const keys = Array.from({ length: 20 }, (_, i) => `room${i}`);
    const ask = async (names: readonly string[], number: number) => {
      const before = clock.now();
      await answered(names.flatMap((name) => keys.map((key) => members.get(name)!.logs.ask(key, `${name}:${number}`))));
      // Nobody was asked again and again.
      expect(clock.now() - before).toBeLessThan(1_000);
    };
    const owners = () => new Set(keys.map((key) => members.get("b")!.logs.memberOf(key)));
    await turns(4);
    await ask(["a", "b", "c"], 0);
    expect(owners()).toEqual(new Set(["a", "b", "c"]));
    const a = members.get("a")!;
    const withdrawn = a.logs.withdraw();
    // It asks the others still.
    await ask(["a", "b", "c"], 1);
    await withdrawn;
    expect(owners()).toEqual(new Set(["b", "c"]));
    a.logs = a.ownership.kind(logOf(a.told));
    await ask(["a", "b", "c"], 2);
    expect(owners()).toEqual(new Set(["a", "b", "c"]));
    for (const key of keys)
      expectWhole(
        key,
        ["a", "b", "c"].flatMap((name) => texts(name, 3)),
      );
  });

  test("know each other's kinds again where one was taken for dead and the other never knew", async () => {
    await turns(4);
    const [a, b] = [members.get("a")!.bus, members.get("b")!];
    a.tell("b", "died");
    a.tell("b", "joined");
    await turns(8);
    const keys = Array.from({ length: 20 }, (_, i) => `room${i}`);
    for (const key of keys) expect(members.get("a")!.logs.memberOf(key)).toBe(b.logs.memberOf(key));
  });

  test("refuse what a slow owner still writes and says once another one is the owner", async () => {
    const { owner, other } = sidesOf("room");
    const slow = members.get(owner)!;
    await answered([other.logs.ask("room", "x:0")]);
    // It stands still with one on its way to the store.
    let goOn = () => {};
    const still = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const delay = store.delay;
    store.delay = (entry: Entry) => (entry.text === "slow:0" ? still : delay(entry));
    const own = slow.logs.ask("room", "slow:0");
    own.catch(() => {});
    await turns(6);
    die(owner);
    await answered([other.logs.ask("room", "x:1")]);
    goOn();
    await turns(10);
    expect(store.refused).toBe(1);
    expectWhole("room", ["x:0", "x:1"]);
  });

  test("that only one of hears as dead has no harm of it: its term is over before its next write", async () => {
    const { owner, other } = sidesOf("room");
    const slow = members.get(owner)!;
    await answered([other.logs.ask("room", "x:0")]);
    slow.fenced = true;
    const asked = other.logs.ask("room", "x:1");
    await turns(10);
    await clock.advance(500);
    expect(store.of("room")).toHaveLength(1);
    // It was late only: it begins a new term.
    slow.fenced = false;
    await answered([asked]);
    expectWhole("room", ["x:0", "x:1"]);
    expect(new Set(store.of("room").map(({ epoch }) => epoch)).size).toBe(2);
  });

  test("ask in vain where nobody says who the owner is, and are told in time", async () => {
    terms.away = true;
    const { other } = sidesOf("room");
    const asked = other.logs.ask("room", "x:0");
    asked.catch(() => {});
    await turns(4);
    await clock.advance(30_000);
    await expect(asked).rejects.toThrow(OwnerUnavailable);
    expect(store.of("room")).toEqual([]);
    terms.away = false;
    await answered([other.logs.ask("room", "x:1")]);
    expectWhole("room", ["x:1"]);
  });

  test("let no more wait for one key than may", async () => {
    terms.away = true;
    const { other } = sidesOf("room");
    const asked = Array.from({ length: 1_200 }, (_, i) => other.logs.ask("room", `x:${i}`));
    const fates = Promise.allSettled(asked);
    await turns(4);
    await clock.advance(31_000);
    const refused = (await fates).filter(
      (fate) => fate.status === "rejected" && (fate.reason as Error).message === "too much waits for the same",
    );
    expect(refused.length).toBeGreaterThanOrEqual(99);
  });
});

test("whatever comes, dies and drains, nothing that was answered is lost or doubled, in one order", async () => {
  const step = fc.record({
    what: fc.constantFrom("ask", "ask", "ask", "join", "die", "owner dies", "drain", "off", "on", "turns", "turns"),
    who: fc.nat({ max: 5 }),
    count: fc.integer({ min: 1, max: 15 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      setUp();
      let names = 0;
      for (let i = 0; i < 3; i++) join(`m${names++}`);
      const numbers = new Map<string, number>();
      const asked: Promise<unknown>[] = [];
      const done = new Set<string>();
      const certain = new Set<string>();
      const off = new Set<string>();
      for (const { what, who, count } of steps) {
        const list = [...members.keys()];
        const name = what === "owner dies" ? members.get(list[0]!)!.logs.memberOf("room") : list[who % list.length]!;
        if (what === "join" && list.length < 6) join(`m${names++}`);
        if ((what === "die" || what === "owner dies") && list.length > 1 && members.has(name)) {
          die(name);
          for (const text of certain) if (text.startsWith(`${name}:`)) certain.delete(text);
        }
        if (what === "drain" && list.length > 1) {
          const { ownership } = members.get(name)!;
          asked.push(ownership.leave());
        }
        const { logs, ownership, told } = members.get(name) ?? {};
        if (what === "off" && logs !== undefined && !off.has(name)) {
          off.add(name);
          asked.push(logs.withdraw());
        }
        if (what === "on" && off.delete(name)) members.get(name)!.logs = ownership!.kind(logOf(told!));
        if (what === "turns") await turns(count);
        if (what === "ask")
          for (let i = 0; i < count; i++) {
            const number = numbers.get(name) ?? 0;
            numbers.set(name, number + 1);
            const text = `${name}:${number}`;
            certain.add(text);
            const answer = members.get(name)!.logs.ask("room", text);
            const noted = answer.then(() => void done.add(text));
            noted.catch(() => {});
            // Whoever dies waits for nothing.
            asked.push(Promise.race([noted, gone(name)]));
          }
      }
      for (const [name, { ownership, told }] of members) if (off.has(name)) ownership.kind(logOf(told));
      await answered(asked);
      const entries = store.of("room").map(({ text }) => text);
      expect(new Set(entries).size).toBe(entries.length);
      for (const text of [...done, ...certain]) expect(entries).toContain(text);
      expectWhole("room", entries);
    }),
    { numRuns: 60 },
  );
}, 60_000);

/** Resolves once the member is no more. */
async function gone(name: string): Promise<void> {
  while (members.has(name)) await new Promise((resolve) => clock.setTimeout(() => resolve(undefined), 25));
}
