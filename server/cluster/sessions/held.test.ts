// What a dead node held is taken over account by account: none of them waits for another's.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { ManualClock, turns } from "../../../test/harness/manual-clock.ts";
import { promisedKey } from "../../delivery/promised.ts";
import { memoryHeld } from "../../held/memory.ts";
import { ExclusiveUnavailable, type Section } from "../../ports/exclusive.ts";
import { StoreUnavailable } from "../../ports/store.ts";
import { adoptHeld, type TakeoverHost } from "./held.ts";

const log = pino({ level: "silent" });

/** Time that is over when a test says so. */
class FakeSection implements Section {
  private readonly aborting = new AbortController();
  readonly signal = this.aborting.signal;
  check(): void {
    if (this.signal.aborted) throw new ExclusiveUnavailable("over", true);
  }
  end(): void {
    this.aborting.abort();
  }
}

/** Messages held by `dead~1`, each for the account named, and a host that cannot keep those of `refused` for now. */
async function scene(...accounts: string[]) {
  const clock = new ManualClock(0);
  const held = memoryHeld({ now: () => 1 }).store;
  for (const [i, local] of accounts.entries()) {
    const text = `<message from='romeo@verona.test/a' to='${local}@verona.test' id='${i + 1}'/>`;
    await held.add({ member: "dead~1", id: held.ids.next(), domain: "verona.test", local, text, at: 0 });
  }
  const refused = new Set<string>();
  const kept: string[] = [];
  const host: TakeoverHost = {
    domain: "verona.test",
    clock,
    log,
    sessions: { find: () => undefined },
    deadLetters: { add: async () => {} },
    redeliver(stanza) {
      const local = stanza.to?.local ?? "";
      if (refused.has(local)) return host.refuse(stanza, "resource-constraint");
      kept.push(`${local} ${stanza.id}`);
      stanza.safety?.became("stored");
    },
    refuse(stanza, condition) {
      const attempt = condition === "resource-constraint" ? stanza.note(promisedKey) : undefined;
      if (attempt !== undefined) return attempt.refused();
      kept.push(`returned ${stanza.id}`);
      stanza.safety?.became("given back");
    },
  };
  const hosts = new Map([["verona.test", host]]);
  const left = async () => (await held.read("dead~1", 0, 10_000)).map(({ local }) => local);
  const section = new FakeSection();
  const waited: string[] = [];
  const tell = (names: readonly string[]) => void waited.push(names.join());
  const adopt = () => adoptHeld({ held, member: "dead~1", hosts, log, section, left: tell });
  return { clock, held, refused, kept, left, section, host, adopt, waited };
}

test("an account whose messages cannot be kept delays nobody else's", async () => {
  const { refused, kept, left, adopt } = await scene("mallory", "mallory", "juliet", "mallory", "juliet");
  refused.add("mallory");
  void adopt();
  await turns(50);
  expect(kept).toEqual(["juliet 3", "juliet 5"]);
  expect(await left()).toEqual(["mallory", "mallory", "mallory"]);
});

test("once all was read it is told whose messages have no new way yet", async () => {
  const { clock, refused, adopt, waited } = await scene("mallory", "juliet", "mallory");
  refused.add("mallory");
  void adopt();
  await turns(50);
  expect(waited.length).toBe(1);
  expect(waited[0]?.split(",")).toContain("mallory@verona.test");
  refused.clear();
  await clock.advance(10_000);
  const nobodys = await scene();
  await nobodys.adopt();
  expect(nobodys.waited).toEqual([""]);
});

test("not even where it has more messages than are read at a time", async () => {
  const { clock, refused, kept, left, adopt } = await scene(...new Array<string>(1_000).fill("mallory"), "juliet");
  refused.add("mallory");
  void adopt();
  await turns(50);
  await clock.advance(5_000);
  await turns(50);
  expect(kept).toEqual(["juliet 1001"]);
  expect((await left()).length).toBe(1_000);
});

test("what had to wait is taken over in order once it can be, and nothing twice", async () => {
  const { clock, refused, kept, left, adopt } = await scene("mallory", "mallory", "juliet", "mallory");
  refused.add("mallory");
  let done = false;
  void adopt().then(() => {
    done = true;
  });
  await turns(50);
  await clock.advance(100_000);
  expect(done).toBe(false);
  refused.clear();
  await clock.advance(10_000);
  await turns(50);
  expect(kept).toEqual(["juliet 3", "mallory 1", "mallory 2", "mallory 4"]);
  expect(await left()).toEqual([]);
  expect(done).toBe(true);
});

test("a store that cannot be read ends it, and what was begun is waited for", async () => {
  const { clock, held, refused, kept, adopt } = await scene("mallory", "juliet");
  refused.add("mallory");
  const read = held.read.bind(held);
  held.read = async (member, after, limit) => {
    if (after > 0) throw new StoreUnavailable("away");
    return read(member, after, limit);
  };
  const told = adopt().catch((error: Error) => `${error.message}, ${kept.length}`);
  await turns(50);
  refused.clear();
  await clock.advance(10_000);
  expect(await told).toBe("away, 2");
});

test("once another node may be at it no more is begun, and what was begun is removed", async () => {
  const { kept, left, section, host, adopt } = await scene("juliet", "juliet", "romeo", "juliet");
  const redeliver = host.redeliver.bind(host);
  host.redeliver = async (stanza) => {
    section.end();
    await redeliver(stanza);
  };
  await expect(adopt()).rejects.toThrow(ExclusiveUnavailable);
  // What is for several accounts is begun together.
  expect(kept).toEqual(["juliet 1", "romeo 3"]);
  expect(await left()).toEqual(["juliet", "juliet"]);
});

test("nor is anything more read", async () => {
  const { held, refused, kept, section, clock, adopt } = await scene(
    ...new Array<string>(500).fill("mallory"),
    "juliet",
  );
  refused.add("mallory");
  let reads = 0;
  const read = held.read.bind(held);
  held.read = (...asked) => {
    reads++;
    return read(...asked);
  };
  const told = expect(adopt()).rejects.toThrow(ExclusiveUnavailable);
  await turns(50);
  section.end();
  const before = reads;
  await clock.advance(5_000);
  refused.clear();
  await clock.advance(100_000);
  await told;
  expect(reads).toBe(before);
  expect(kept.filter((one) => one.startsWith("juliet"))).toEqual([]);
});
