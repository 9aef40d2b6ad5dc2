// The checker that the experiments rest on: it finds each fault in a transcript that has it, and none in one that has none.
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { historyOf, judge, type Verdict } from "./invariants.ts";
import type { Entry, Seen } from "./transcript.ts";

/** Romeo's and Juliet's sessions, and then what each of them saw, a ms after the other. */
function transcript(...seen: readonly (readonly [who: string, seen: Seen])[]): Entry[] {
  const begin = [["romeo", { what: "session" }] as const, ["juliet", { what: "session" }] as const];
  return [...begin, ...seen].map(([who, one], at) => ({ ...one, who, at }));
}

const sent = (id: string): readonly [string, Seen] => ["romeo", { what: "sent", id, to: "juliet" }];
const a = (h: number): readonly [string, Seen] => ["romeo", { what: "a", h }];
const resumed = (h: number): readonly [string, Seen] => ["romeo", { what: "resumed", h }];
const received = (id: string): readonly [string, Seen] => ["juliet", { what: "received", id }];
const returned = (id: string): readonly [string, Seen] => [
  "romeo",
  { what: "returned", id, condition: "resource-constraint" },
];
const failed = (h?: number): readonly [string, Seen] => [
  "romeo",
  { what: "failed", ...(h === undefined ? {} : { h }) },
];

/** The names of what a verdict finds wrong. */
function faults(verdict: Verdict): string[] {
  return Object.entries(verdict).flatMap(([name, value]) => (Array.isArray(value) && value.length > 0 ? [name] : []));
}

test("what is acknowledged and received, returned or stored is well", () => {
  const seen = transcript(sent("1"), sent("2"), sent("3"), a(3), received("1"), returned("2"));
  expect(judge(seen, new Set(["3"]))).toMatchObject({ sent: 3, acknowledged: 3, received: 1, returned: 1, unknown: 0 });
  expect(faults(judge(seen, new Set(["3"])))).toEqual([]);
});

describe("lost", () => {
  test("is what `<a/>` counts and nobody has", () => {
    expect(judge(transcript(sent("1"), sent("2"), a(2), received("1"))).lost).toEqual(["2"]);
  });

  test("is what `<resumed h/>` or `<failed h/>` counts and nobody has", () => {
    expect(judge(transcript(sent("1"), resumed(1))).lost).toEqual(["1"]);
    expect(judge(transcript(sent("1"), sent("2"), failed(1))).lost).toEqual(["1"]);
  });

  test("is not what was never counted, nor what a failed resumption says nothing of", () => {
    const verdict = judge(transcript(sent("1"), failed(), ["romeo", { what: "session" }], sent("2")));
    expect(verdict).toMatchObject({ lost: [], unknown: 2, acknowledged: 0 });
  });

  test("stanzas without an id are counted as well", () => {
    const presence = ["romeo", { what: "sent" }] as const;
    expect(judge(transcript(presence, sent("1"), sent("2"), a(2))).lost).toEqual(["1"]);
  });

  test("a new session counts from 0 again", () => {
    const seen = transcript(sent("1"), a(1), failed(1), ["romeo", { what: "session" }], sent("2"), a(1));
    expect(judge(seen)).toMatchObject({ lost: ["1", "2"], aboveSent: [], wentBack: [] });
  });
});

test("doubled is what one receiver has more than once, and not what is out of order by it", () => {
  const verdict = judge(transcript(sent("1"), sent("2"), received("1"), received("2"), received("1")));
  expect(verdict).toMatchObject({ doubled: ["1"], disordered: [], received: 2 });
});

test("out of order is what comes after a later one of the same pair, whatever others write", () => {
  const other = ["nurse", { what: "sent", id: "n", to: "juliet" }] as const;
  const seen = [sent("1"), other, sent("2"), received("2"), received("n"), received("1")];
  expect(judge(transcript(...seen)).disordered).toEqual(["1"]);
});

test("returned and received is found, whichever came first", () => {
  const first = judge(transcript(sent("1"), received("1"), returned("1")));
  const last = judge(transcript(sent("1"), returned("1"), received("1")));
  expect([faults(first), faults(last)]).toEqual([["returnedAndReceived"], ["returnedAndReceived"]]);
});

test("astray is what nobody wrote to its receiver, and an error to who did not write", () => {
  const strange = ["nurse", { what: "received", id: "1" }] as const;
  const misled = ["juliet", { what: "returned", id: "1", condition: "gone" }] as const;
  expect(judge(transcript(sent("1"), strange, misled, received("2"), received("1"))).astray).toEqual(["1", "1", "2"]);
});

describe("h", () => {
  test("above what was sent is found in each place where it is told", () => {
    for (const told of [a(2), resumed(2), failed(2), a(Number.NaN)])
      expect(faults(judge(transcript(sent("1"), received("1"), told)))).toEqual(["aboveSent"]);
  });

  test("of a session that is none is above", () => {
    expect(judge(transcript(sent("1"), received("1"), failed(), a(1))).aboveSent).toHaveLength(1);
  });

  test("that goes back is found in each place where it is told", () => {
    for (const told of [a(0), resumed(0), failed(0)])
      expect(faults(judge(transcript(sent("1"), received("1"), a(1), told)))).toEqual(["wentBack"]);
  });

  test("that stays is well", () => {
    expect(faults(judge(transcript(sent("1"), received("1"), a(1), a(1), resumed(1), failed(1))))).toEqual([]);
  });
});

test("any run of a server that keeps its word is well, and any single fault in it is found", () => {
  const lengths = fc.array(fc.nat(6), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(lengths, fc.nat(), (bursts, where) => {
      let count = 0;
      const seen = bursts.flatMap((length) => {
        const ids = Array.from({ length }, () => String(++count));
        return [...ids.map(sent), ...ids.map(received), a(count), resumed(count)];
      });
      expect(faults(judge(transcript(...seen)))).toEqual([]);
      if (count === 0) return;
      const id = String(1 + (where % count));
      const lacking = seen.filter(([, one]) => !(one.what === "received" && one.id === id));
      expect(judge(transcript(...lacking)).lost).toEqual([id]);
      expect(judge(transcript(...seen, received(id))).doubled).toEqual([id]);
      expect(judge(transcript(...seen, a(count + 1))).aboveSent).toHaveLength(1);
      expect(judge(transcript(...seen, a(count - 1))).wentBack).toHaveLength(1);
    }),
  );
});

test("the history of a message has what was told to its sender meanwhile", () => {
  const seen = transcript(sent("1"), sent("2"), a(1), received("2"), received("1"), a(2), received("2"));
  expect(historyOf("2", seen)).toEqual([
    "0.003 s romeo sent id=2 to=juliet",
    "0.004 s romeo a h=1",
    "0.005 s juliet received id=2",
    "0.007 s romeo a h=2",
    "0.008 s juliet received id=2",
  ]);
});
