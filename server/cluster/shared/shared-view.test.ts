// A shared view over two and three members: read once, never older than what was announced, changes lose nothing.
import { beforeEach, describe, expect, test } from "@jest/globals";
import { type JoinedBus, JoinedBuses } from "../../../test/harness/joined-buses.ts";
import { ManualClock, turns } from "../../../test/harness/manual-clock.ts";
import { ExclusiveUnavailable } from "../../ports/exclusive.ts";
import { StoreUnavailable } from "../../ports/store.ts";
import { LoneBus } from "../membership/alone.ts";
import { Exclusion } from "../ownership/exclusion.ts";
import type { Lease, Locks } from "../ownership/locks.ts";
import { SharedView } from "./shared-view.ts";

/** A list of words for each account, as a store keeps it; reads are counted, and an operation takes as long as said. */
class WordStore {
  readonly words = new Map<string, readonly string[]>();
  reads = 0;
  delay: () => Promise<unknown> = () => turns(1);

  async load(local: string): Promise<readonly string[]> {
    this.reads++;
    const read = this.words.get(local) ?? [];
    await this.delay();
    return read;
  }

  async add(local: string, word: string): Promise<void> {
    await turns(1);
    this.words.set(local, [...(this.words.get(local) ?? []), word]);
  }
}

/** Locks that all members share. */
class MemoryLocks implements Locks {
  readonly leaseMs = 5_000;
  private readonly held = new Set<string>();

  async take(key: string): Promise<Lease | undefined> {
    if (this.held.has(key)) return undefined;
    this.held.add(key);
    return { prolong: async () => true, release: () => void this.held.delete(key) };
  }
}

let clock: ManualClock;
let store: WordStore;
let buses: JoinedBuses;
let locks: MemoryLocks;

beforeEach(() => {
  clock = new ManualClock(1_000_000);
  store = new WordStore();
  buses = new JoinedBuses();
  locks = new MemoryLocks();
});

function viewOn(bus: JoinedBus | LoneBus): SharedView<readonly string[]> {
  const exclusive = new Exclusion({ locks, clock, elapsed: () => clock.now() });
  return new SharedView(
    { domain: "example.org", bus, exclusive, clock, isHere: () => false },
    { name: "words", load: (local) => store.load(local), cost: (words) => words.length * 50 },
  );
}

function member(name: string) {
  const bus = buses.join(name);
  return { bus, view: viewOn(bus) };
}

const add = (view: SharedView<readonly string[]>, word: string, local = "romeo") =>
  view.change(local, (change) =>
    change.write(
      () => store.add(local, word),
      () => [...change.value, word],
    ),
  );

async function pass(ms: number): Promise<void> {
  await turns(6);
  await clock.advance(ms);
}

describe("a node that is alone", () => {
  test("reads a value once, whoever asks meanwhile, and has it at once then", async () => {
    const view = viewOn(new LoneBus("n1"));
    await Promise.all([view.of("romeo"), view.of("romeo"), view.of("__proto__")]);
    expect(store.reads).toBe(2);
    expect(view.of("romeo")).toEqual([]);
    expect(await add(view, "a")).toBeUndefined();
    expect(view.of("romeo")).toEqual(["a"]);
    expect(store.reads).toBe(2);
  });

  test("loses nothing of changes at once", async () => {
    const view = viewOn(new LoneBus("n1"));
    await Promise.all(Array.from({ length: 20 }, (_, i) => add(view, String(i))));
    expect(view.of("romeo")).toEqual(store.words.get("romeo"));
    expect(store.words.get("romeo")).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
  });
});

describe("three members", () => {
  test("see a change that one made, and each reads what changed once", async () => {
    const views = ["a", "b", "c"].map((name) => member(name).view);
    for (const view of views) await view.of("romeo");
    await add(views[0]!, "new");
    expect(views[0]!.of("romeo")).toEqual(["new"]);
    await buses.settle();
    const { reads } = store;
    for (const view of views) expect(await view.of("romeo")).toEqual(["new"]);
    expect(store.reads).toBe(reads + 2);
  });

  test("that change one value at once lose nothing, whatever each had kept", async () => {
    const views = ["a", "b", "c"].map((name) => member(name).view);
    for (const view of views) await view.of("romeo");
    // What is decided on the value rests on what is in the store by then.
    const limited = (view: SharedView<readonly string[]>, word: string) =>
      view.change("romeo", async (change) => {
        if (change.value.length >= 10) return;
        await change.write(
          () => store.add("romeo", word),
          () => [...change.value, word],
        );
      });
    const all = Promise.all(Array.from({ length: 30 }, (_, i) => limited(views[i % 3]!, String(i))));
    for (let i = 0; i < 40; i++) await pass(50);
    await all;
    expect(store.words.get("romeo")).toHaveLength(10);
    for (const view of views) expect(await view.of("romeo")).toEqual(store.words.get("romeo"));
  });

  test("keep nothing that was read before another member's change, though it comes behind it", async () => {
    const [a, b] = [member("a"), member("b")];
    let release = () => {};
    store.delay = () =>
      new Promise<void>((resolve) => {
        release = resolve;
      });
    const stale = a.view.of("romeo");
    const releaseFirst = release;
    store.delay = () => turns(1);
    await add(b.view, "new");
    await buses.settle();
    const fresh = a.view.of("romeo");
    releaseFirst();
    expect(await stale).toEqual([]);
    expect(await fresh).toEqual(["new"]);
    expect(a.view.of("romeo")).toEqual(["new"]);
  });

  test("that may have missed an announcement read everything anew", async () => {
    const { bus, view } = member("a");
    await view.of("romeo");
    store.words.set("romeo", ["changed by who was not heard"]);
    bus.gap();
    expect(await view.of("romeo")).toEqual(["changed by who was not heard"]);
  });
});

describe("a write that fails", () => {
  const failing = (view: SharedView<readonly string[]>, error: Error) =>
    view.change("romeo", (change) =>
      change.write(
        () => Promise.reject(error),
        () => ["never"],
      ),
    );

  test("changes nothing, and nothing is kept for as long as the store may commit it yet", async () => {
    const [a, b] = [member("a"), member("b")];
    for (const { view } of [a, b]) await view.of("romeo");
    const error = new StoreUnavailable("no answer");
    error.undecided = true;
    await expect(failing(a.view, error)).rejects.toBe(error);
    await buses.settle();
    for (const { view } of [a, b]) expect(await view.of("romeo")).toEqual([]);
    // It comes about late, and nobody tells.
    store.words.set("romeo", ["late"]);
    for (const { view } of [a, b]) expect(await view.of("romeo")).toEqual(["late"]);
    await clock.advance(30_000);
    await b.view.of("romeo");
    expect(b.view.of("romeo")).toEqual(["late"]);
  });

  test("that surely did not come about leaves the value as it is, to be kept again", async () => {
    const { view } = member("a");
    await view.of("romeo");
    await expect(failing(view, new StoreUnavailable("away"))).rejects.toThrow("away");
    expect(await view.of("romeo")).toEqual([]);
    const { reads } = store;
    expect(view.of("romeo")).toEqual([]);
    expect(store.reads).toBe(reads);
  });

  test("is not begun once the time of its change is over", async () => {
    const { view } = member("a");
    const late = view.change("romeo", (change) => {
      clock.stoodStill(10_000);
      return change.write(
        () => store.add("romeo", "late"),
        () => ["late"],
      );
    });
    await expect(late).rejects.toThrow(ExclusiveUnavailable);
    expect(store.words.get("romeo")).toBeUndefined();
  });

  test("a read that fails is its askers' own, and is tried again", async () => {
    const { view } = member("a");
    store.delay = () => Promise.reject(new StoreUnavailable("away"));
    await expect(view.of("romeo")).rejects.toThrow("away");
    store.delay = () => turns(1);
    expect(await view.of("romeo")).toEqual([]);
  });
});

test("a view that is closed keeps nothing: it reads what its successor has written", async () => {
  const bus = new LoneBus("n1");
  const [old, next] = [viewOn(bus), viewOn(bus)];
  await add(old, "one");
  old.close();
  await add(next, "two");
  expect(await old.of("romeo")).toEqual(["one", "two"]);
});
