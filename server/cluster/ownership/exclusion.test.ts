// Exclusive work: one at a time over all nodes, in order at each, with bounds, and never without its lock.
import { beforeEach, describe, expect, test } from "@jest/globals";
import { ManualClock, turns } from "../../../test/harness/manual-clock.ts";
import { ExclusiveUnavailable, type Section } from "../../ports/exclusive.ts";
import { Exclusion } from "./exclusion.ts";
import type { Lease, Locks } from "./locks.ts";

/** Locks that members share in memory; `answers` says what becomes of what is asked. */
class SharedLocks implements Locks {
  readonly leaseMs = 10_000;
  answers: "at once" | "never" | "with an error" = "at once";
  private readonly clock: ManualClock;
  private readonly held = new Map<string, { readonly by: object; until: number }>();

  constructor(clock: ManualClock) {
    this.clock = clock;
  }

  holder(key: string): object | undefined {
    const lock = this.held.get(key);
    return lock === undefined || lock.until <= this.clock.now() ? undefined : lock.by;
  }

  async take(key: string): Promise<Lease | undefined> {
    const by = {};
    const free = this.holder(key) === undefined;
    if (free) this.held.set(key, { by, until: this.clock.now() + this.leaseMs });
    await this.answer();
    if (!free) return undefined;
    return {
      prolong: async () => {
        await this.answer();
        if (this.holder(key) !== by) return false;
        this.held.set(key, { by, until: this.clock.now() + this.leaseMs });
        return true;
      },
      release: () => {
        if (this.holder(key) === by) this.held.delete(key);
      },
    };
  }

  private async answer(): Promise<void> {
    if (this.answers === "with an error") throw new Error("Connection is closed");
    if (this.answers === "never") await new Promise(() => {});
  }
}

let clock: ManualClock;
let locks: SharedLocks;
let a: Exclusion;
let b: Exclusion;

beforeEach(() => {
  clock = new ManualClock(1_000_000);
  locks = new SharedLocks(clock);
  [a, b] = [node(), node()];
});

function node(): Exclusion {
  return new Exclusion({ locks, clock, elapsed: () => clock.now() });
}

/** Time passes, once what was asked for has begun. */
async function pass(ms: number): Promise<void> {
  await turns(4);
  await clock.advance(ms);
}

/** What goes on until it is told to end. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** What becomes of a promise, as a word. */
function fate(promise: Promise<unknown>): { now: string } {
  const told = { now: "pending" };
  promise.then(
    () => {
      told.now = "done";
    },
    (error: Error) => {
      told.now = error instanceof ExclusiveUnavailable ? `unavailable: ${error.message}` : error.message;
    },
  );
  return told;
}

test("two nodes that each read, wait and write lose nothing", async () => {
  let count = 0;
  const add = async () => {
    const read = count;
    await turns(3);
    count = read + 1;
  };
  const all = Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? a : b).run("k", add)));
  for (let i = 0; i < 25; i++) await pass(100);
  await all;
  expect(count).toBe(40);
  expect([a.size, b.size, locks.holder("k")]).toEqual([0, 0, undefined]);
});

test("one key's work is in the order of asking, another key's goes at once; a failure is its caller's own", async () => {
  const told: string[] = [];
  const { open, opened } = gate();
  const first = a.run("k", async () => {
    await opened;
    told.push("first");
    throw new Error("mine");
  });
  const second = a.run("k", async () => void told.push("second"));
  await a.run("__proto__", async () => void told.push("other"));
  open();
  await expect(first).rejects.toThrow("mine");
  await second;
  expect(told).toEqual(["other", "first", "second"]);
});

describe("where the lock is not to be had the work is not begun:", () => {
  const never = async () => {
    throw new Error("it went on without");
  };

  test("another node is at it for too long", async () => {
    const { open, opened } = gate();
    const held = a.run("k", () => opened);
    await turns(2);
    const asked = fate(b.run("k", never));
    await pass(3_100);
    expect(asked.now).toBe("unavailable: another node is at it for too long");
    open();
    await held;
  });

  test("nobody answers, or with an error", async () => {
    locks.answers = "with an error";
    await expect(a.run("k", never)).rejects.toThrow(ExclusiveUnavailable);
    locks.answers = "never";
    const asked = fate(a.run("k", never));
    await pass(3_000);
    expect(asked.now).toContain("unavailable: nobody says");
    expect(a.size).toBe(0);
  });

  test("too many wait, or for too long, behind others here", async () => {
    const { open, opened } = gate();
    const held = a.run("k", () => opened);
    await turns(2);
    const waiting = Array.from({ length: 200 }, () => fate(a.run("k", never)));
    const one = fate(a.run("k", never));
    await turns(2);
    expect(one.now).toBe("unavailable: too many wait for the same");
    await pass(3_000);
    expect(new Set(waiting.map(({ now }) => now))).toEqual(new Set(["unavailable: those before take too long"]));
    open();
    await held;
    expect(await a.run("k", async () => "free")).toBe("free");
  });
});

describe("the time of work", () => {
  test("is prolonged while it goes on, and has an end", async () => {
    const { opened } = gate();
    let section: Section | undefined;
    const long = fate(
      a.run("k", (mine) => {
        section = mine;
        return opened;
      }),
    );
    await pass(14_000);
    expect([long.now, section?.signal.aborted]).toEqual(["pending", false]);
    await pass(1_100);
    expect(long.now).toBe("unavailable: its time was over before it was done");
    expect(() => section?.check()).toThrow(ExclusiveUnavailable);
  });

  test("may be over, and the lock is its own until what it began has ended", async () => {
    const { open, opened } = gate();
    const long = fate(a.run("k", () => opened));
    await pass(16_000);
    expect(long.now).toBe("unavailable: its time was over before it was done");
    const here = fate(a.run("k", async () => {}));
    const there = fate(b.run("k", async () => {}));
    await pass(2_000);
    expect([here.now, there.now]).toEqual(["pending", "pending"]);
    open();
    await pass(100);
    expect([here.now, there.now]).toEqual(["done", "done"]);
  });

  test("keeps nobody for good where what was begun never ends", async () => {
    const { opened } = gate();
    void fate(a.run("k", () => opened));
    await pass(25_100);
    expect([await a.run("k", async () => "here"), await b.run("k", async () => "there")]).toEqual(["here", "there"]);
  });

  test("is over before another can have the lock, where nobody answers any more", async () => {
    const { opened } = gate();
    const long = fate(a.run("k", () => opened));
    await turns(2);
    const holder = locks.holder("k");
    locks.answers = "never";
    await pass(4_000);
    expect(long.now).toBe("unavailable: its time was over before it was done");
    expect(holder).toBeDefined();
  });

  test("is found over by a process that stood still, before its next write", async () => {
    let writes = 0;
    const slow = a.run("k", async (section) => {
      section.check();
      writes++;
      clock.stoodStill(5_000);
      section.check();
      writes++;
    });
    await expect(slow).rejects.toMatchObject({ name: "ExclusiveUnavailable", undecided: true });
    expect(writes).toBe(1);
  });

  test("leaves what is another's by now alone", async () => {
    const { open, opened } = gate();
    const first = fate(a.run("k", () => opened));
    await turns(2);
    clock.stoodStill(10_000);
    const inner = gate();
    const second = b.run("k", () => inner.opened);
    await turns(2);
    const holder = locks.holder("k");
    open();
    await turns(4);
    expect(first.now).toBe("done");
    expect(locks.holder("k")).toBe(holder);
    inner.open();
    await second;
  });
});

describe("long work that one node does for all", () => {
  test("is not waited for, by a node that has it under way neither, and has no end but its own", async () => {
    const { open, opened } = gate();
    let section: Section | undefined;
    const held = a.attempt("k", (mine) => {
      section = mine;
      return opened;
    });
    await turns(2);
    expect(await b.attempt("k", async () => {})).toBe(false);
    expect(await a.attempt("k", async () => {})).toBe(false);
    for (let i = 0; i < 60; i++) await pass(1_000);
    expect(section?.signal.aborted).toBe(false);
    expect(await b.attempt("k", async () => {})).toBe(false);
    open();
    expect(await held).toBe(true);
    expect(await b.attempt("k", async () => {})).toBe(true);
    expect([a.size, b.size, locks.holder("k"), clock.waiting]).toEqual([0, 0, undefined, 0]);
  });

  test("is told where its lock is lost, or nobody prolongs it", async () => {
    const { opened } = gate();
    const held = fate(a.attempt("k", () => opened));
    await turns(2);
    locks.answers = "with an error";
    await pass(4_100);
    expect(held.now).toBe("unavailable: its time was over before it was done");
    expect(fate(b.attempt("k", async () => {})).now).toBe("pending");
  });

  test("is not begun where nobody says whose turn it is, and its failure is its caller's", async () => {
    locks.answers = "with an error";
    await expect(a.attempt("k", async () => {})).rejects.toThrow(ExclusiveUnavailable);
    locks.answers = "at once";
    const failing = a.attempt("l", () => Promise.reject(new Error("mine")));
    await expect(failing).rejects.toThrow("mine");
    await turns(2);
    expect(a.size).toBe(0);
  });
});
