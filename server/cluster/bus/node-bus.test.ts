// The bus over a wire that loses.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { pair, turns } from "../../../test/harness/air.ts";
import { Announcements } from "./announcements.ts";

test("a frame arrives once, and is confirmed when it is safe there and not before", async () => {
  const { a, b } = await pair();
  const taken: string[] = [];
  let safe = () => {};
  let confirmed = 0;
  b.take("word", (from, fields, done) => {
    taken.push(`${from} ${fields.join()}`);
    safe = done;
  });
  a.send("b~1", {
    kind: "word",
    fields: ["x", "", "ü☃"],
    confirmed: () => confirmed++,
    failed: () => expect(true).toBe(false),
  });
  await turns(6);
  expect(taken).toEqual(["a~1 x,,ü☃"]);
  expect(confirmed).toBe(0);
  safe();
  await turns(6);
  expect(confirmed).toBe(1);
  expect(a.unconfirmed).toBe(0);
});

test("whatever is lost on the way, every frame arrives once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 60 }),
      fc.integer({ min: 1, max: 30 }),
      async (losses, count) => {
        const { air, a, b } = await pair();
        const rest = [...losses];
        air.loses = () => rest.shift() ?? false;
        const taken: number[] = [];
        let confirmed = 0;
        b.take("n", (_from, [n], done) => {
          taken.push(Number(n));
          if (Number(n) % 3 === 0) setImmediate(done);
          else done();
        });
        for (let n = 0; n < count; n++) {
          a.send("b~1", { kind: "n", fields: [String(n)], confirmed: () => confirmed++, failed: () => {} });
          if (n % 2 === 0) await turns(1);
        }
        for (let i = 0; i < 80 && confirmed < count; i++) {
          await turns(3);
          a.beat();
          b.beat();
        }
        expect(taken).toEqual(Array.from({ length: count }, (_, n) => n));
        expect(confirmed).toBe(count);
      },
    ),
    { numRuns: 60 },
  );
});

test("more than may wait is refused at once", async () => {
  const { air, a } = await pair();
  air.loses = () => true;
  let full = 0;
  for (let i = 0; i < 20_010; i++)
    a.send("b~1", {
      kind: "n",
      fields: [],
      confirmed: () => {},
      failed: (reason) => {
        if (reason === "full") full++;
      },
    });
  expect(full).toBe(10);
  expect(a.congested("b~1")).toBe(true);
});

test("an announcement reaches everybody but its sender", async () => {
  const { a, b } = await pair();
  const heard: string[] = [];
  for (const bus of [a, b]) bus.onAnnouncement("news", (from, [text]) => heard.push(`${bus.member} ${from} ${text}`));
  a.announce("news", ["x"]);
  await turns(4);
  expect(heard).toEqual(["b~1 a~1 x"]);
});

test("what its taker cannot take goes back to its sender, and holds nobody up", async () => {
  const { air, a, b } = await pair();
  b.take("bad", () => {
    throw new Error("no");
  });
  let taken = 0;
  b.take("word", (_from, _fields, done) => {
    taken++;
    done();
  });
  const told: string[] = [];
  const send = (kind: string) =>
    a.send("b~1", {
      kind,
      fields: [],
      confirmed: () => told.push(`${kind} confirmed`),
      failed: (reason) => {
        told.push(`${kind} ${reason}`);
        throw new Error("a sender's fault is no other's");
      },
    });
  send("bad");
  send("word");
  send("unknown");
  await turns(8);
  expect(told).toEqual(["bad refused", "word confirmed", "unknown confirmed"]);
  told.length = 0;
  send("bad");
  send("word");
  await turns(1);
  air.loses = () => true;
  await turns(8);
  expect(told).toEqual([]);
  air.loses = () => false;
  // The word back is lost, and said again for the asking.
  a.beat();
  a.beat();
  await turns(8);
  expect(told.sort()).toEqual(["bad refused", "word confirmed"]);
  expect([taken, a.unconfirmed]).toEqual([2, 0]);
});

test("of two who announce at once and wait for their barrier, at least one has heard the other", async () => {
  const { a, b } = await pair();
  const heard: string[] = [];
  for (const bus of [a, b]) bus.onAnnouncement("here", (from) => heard.push(`${bus.member} ${from}`));
  a.announce("here", []);
  b.announce("here", []);
  const at: string[][] = [];
  await Promise.all([a, b].map((bus) => bus.barrier()?.then(() => at.push([bus.member, ...heard]))));
  const knows = (member: string) => at.find(([name]) => name === member)?.some((text) => text.startsWith(`${member} `));
  expect([knows("a~1"), knows("b~1")]).toContain(true);
});

test("a barrier is passed in time where the connection is away", async () => {
  const { air, a } = await pair();
  air.loses = () => true;
  await a.barrier();
});

test("a member that leaves knows what it owes, and takes nothing that its sender will have back", async () => {
  const { a, b } = await pair();
  const taken: string[] = [];
  let safe = () => {};
  b.take("word", (_from, [word = ""], done) => {
    taken.push(word);
    safe = done;
  });
  const outcomes: string[] = [];
  const send = (word: string) =>
    a.send("b~1", {
      kind: "word",
      fields: [word],
      confirmed: () => outcomes.push(`${word} confirmed`),
      failed: (reason) => outcomes.push(`${word} ${reason}`),
    });
  send("early");
  await turns(6);
  b.takeNoMore();
  send("late");
  await turns(6);
  expect(b.owed).toBe(1);
  safe();
  // Owed until the word of it has left.
  expect(b.owed).toBe(1);
  await turns(6);
  expect([b.owed, taken]).toEqual([0, ["early"]]);
  a.died("b~1", false);
  expect(outcomes).toEqual(["early confirmed", "late died"]);
});

test("what was announced while a node was fenced, by others or by itself, is a gap for both once it no longer is", async () => {
  const { a, b } = await pair();
  const told: string[] = [];
  a.onAnnouncement("word", () => told.push("a heard"));
  b.onAnnouncement("word", () => told.push("b heard"));
  a.onGap(() => told.push("a: gap"));
  b.onGap(() => told.push("b: gap"));
  let fenced = true;
  a.fenced = () => fenced;
  b.announce("word", []);
  await turns(6);
  a.beat();
  await turns(6);
  expect(told).toEqual([]);
  fenced = false;
  a.beat();
  a.beat();
  await turns(6);
  expect(told).toEqual(["a: gap", "b: gap"]);
  fenced = true;
  a.announce("word", []);
  await turns(6);
  fenced = false;
  a.beat();
  await turns(6);
  expect(told).toEqual(["a: gap", "b: gap", "a: gap", "b: gap"]);
});

test("a kind of announcement has one taker", () => {
  const announcements = new Announcements();
  announcements.on("word", () => {});
  expect(() => announcements.on("word", () => {})).toThrow("announcements of kind word have a taker already");
});
