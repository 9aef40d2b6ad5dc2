// The bus over a wire that loses, and between members that come and go.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { pino } from "pino";
import { WireBus } from "./node-bus.ts";
import type { Wire } from "./wire.ts";

const log = pino({ level: "silent" });

/** Channels in memory; a rule says which messages are lost. */
class Air {
  private readonly listeners = new Map<string, ((text: string) => void)[]>();
  readonly ready: (() => void)[] = [];
  loses: () => boolean = () => false;

  wire(): Wire {
    let taken: (text: string) => void = () => {};
    return {
      open: (listener, ready) => {
        taken = listener;
        this.ready.push(ready);
      },
      join: async (channel) => {
        this.listeners.set(channel, [...(this.listeners.get(channel) ?? []), taken]);
      },
      leave: async (channel) => {
        this.listeners.set(
          channel,
          (this.listeners.get(channel) ?? []).filter((listener) => listener !== taken),
        );
      },
      publish: (channel, text) => {
        if (this.loses()) return;
        for (const listener of this.listeners.get(channel) ?? []) setImmediate(() => listener(text));
      },
    };
  }
}

async function pair(air = new Air()) {
  const a = new WireBus(air.wire(), { prefix: "t", member: "a~1", log });
  const b = new WireBus(air.wire(), { prefix: "t", member: "b~1", log });
  await a.open();
  await b.open();
  a.joined("b~1");
  b.joined("a~1");
  return { air, a, b };
}

const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
};

test("a frame arrives once, and is confirmed when it is safe there and not before", async () => {
  const { a, b } = await pair();
  const taken: string[] = [];
  let safe = () => {};
  let confirmed = 0;
  b.take("word", (from, fields, done) => {
    taken.push(`${from} ${fields.join()}`);
    safe = done;
  });
  a.send(
    "b~1",
    "word",
    ["x", "", "ü☃"],
    () => confirmed++,
    () => expect(true).toBe(false),
  );
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
          a.send(
            "b~1",
            "n",
            [String(n)],
            () => confirmed++,
            () => {},
          );
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

test("what a member did not confirm when it died is given back, once it is no member any more", async () => {
  const { air, a } = await pair();
  air.loses = () => true;
  const outcomes: string[] = [];
  a.send(
    "b~1",
    "n",
    [],
    () => outcomes.push("confirmed"),
    (reason) => outcomes.push(`${reason} ${a.others.length}`),
  );
  await turns(3);
  a.died("b~1", true);
  expect(outcomes).toEqual(["died 0"]);
  a.send(
    "b~1",
    "n",
    [],
    () => {},
    (reason) => outcomes.push(reason),
  );
  expect(outcomes).toEqual(["died 0", "died"]);
});

test("more than may wait is refused at once", async () => {
  const { air, a } = await pair();
  air.loses = () => true;
  let full = 0;
  for (let i = 0; i < 20_010; i++)
    a.send(
      "b~1",
      "n",
      [],
      () => {},
      (reason) => {
        if (reason === "full") full++;
      },
    );
  expect(full).toBe(10);
  expect(a.congested("b~1")).toBe(true);
});

test("a member that comes back as another one is a stranger: nothing of the old one is taken twice", async () => {
  const { a, b } = await pair();
  const taken: string[] = [];
  b.take("n", (from, [n], done) => {
    taken.push(`${from} ${n}`);
    done();
  });
  let back = 0;
  a.send(
    "b~1",
    "n",
    ["1"],
    () => {},
    () => back++,
  );
  await turns(6);
  await a.becomes("a~2");
  a.joined("b~1");
  a.send(
    "b~1",
    "n",
    ["2"],
    () => {},
    () => {},
  );
  await turns(6);
  expect(taken).toEqual(["a~1 1", "a~2 2"]);
  expect(back).toBe(0);
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
    a.send(
      "b~1",
      kind,
      [],
      () => told.push(`${kind} confirmed`),
      (reason) => {
        told.push(`${kind} ${reason}`);
        throw new Error("a sender's fault is no other's");
      },
    );
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

test("an observer of members that throws keeps no other from hearing of a death", async () => {
  const { a } = await pair();
  const heard: string[] = [];
  a.onMember(() => {
    throw new Error("no");
  });
  a.onMember((member, state, buried) => heard.push(`${member} ${state} ${buried}`));
  a.send(
    "b~1",
    "word",
    [],
    () => {},
    (reason) => heard.push(reason),
  );
  a.died("b~1", true);
  expect(heard).toEqual(["b~1 died true", "died"]);
});

test("a member that was taken for dead by mistake is met anew: its numbers begin again on both sides", async () => {
  const { a, b } = await pair();
  const taken: string[] = [];
  const confirmed: string[] = [];
  for (const bus of [a, b])
    bus.take("n", (from, [n], done) => {
      taken.push(`${from} ${n}`);
      done();
    });
  const send = (from: WireBus, to: string, n: string) =>
    from.send(
      to,
      "n",
      [n],
      () => confirmed.push(n),
      () => confirmed.push(`${n} failed`),
    );
  for (const n of ["1", "2", "3"]) send(a, "b~1", n);
  send(b, "a~1", "x");
  await turns(8);
  a.died("b~1", true);
  a.joined("b~1");
  send(a, "b~1", "4");
  send(b, "a~1", "y");
  for (let i = 0; i < 4; i++) {
    await turns(6);
    a.beat();
    b.beat();
  }
  expect(taken.filter((text) => text.startsWith("a"))).toEqual(["a~1 1", "a~1 2", "a~1 3", "a~1 4"]);
  expect(taken.filter((text) => text.startsWith("b"))).toEqual(["b~1 x", "b~1 y"]);
  expect(confirmed.toSorted()).toEqual(["1", "2", "3", "4", "x", "y"]);
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
    a.send(
      "b~1",
      "word",
      [word],
      () => outcomes.push(`${word} confirmed`),
      (reason) => outcomes.push(`${word} ${reason}`),
    );
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
