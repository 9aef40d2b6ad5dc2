// The count that may be acknowledged: the longest run of safe stanzas, in order.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { NS_CLIENT } from "../xml/namespaces.ts";
import { RawElement } from "../xml/raw-element.ts";
import { Handled } from "./handled.ts";

function take(handled: Handled) {
  return handled.take(new RawElement("message", NS_CLIENT, [], "/>", [], true, undefined, "")).safety;
}

function numbered(id: string): RawElement {
  return new RawElement("message", NS_CLIENT, ["id", id], "/>", [], true, undefined, "");
}

test("a stanza of which nobody says what became of it is seen, once all have let go of it", () => {
  const seen: string[] = [];
  const handled = new Handled(() => {});
  handled.unowned = () => seen.push("nobody's");
  const kept = take(handled).hold();
  kept.release("passed on");
  expect(seen).toEqual([]);
  kept.release("stored");
  const lost = take(handled).hold();
  lost.release("passed on");
  lost.release("passed on");
  expect(seen).toEqual(["nobody's"]);
  const dropped = take(handled);
  dropped.became("dropped: XEP-0160 §3");
  dropped.release("passed on");
  expect(seen).toEqual(["nobody's"]);
  // @ts-expect-error: whoever lets go says why
  take(handled).release();
});

test("what is safe out of order counts once everything before it is", () => {
  const told: number[] = [];
  const handled = new Handled(() => told.push(handled.h));
  const [one, two, three] = [take(handled), take(handled), take(handled)];
  two.release("acknowledged");
  expect([handled.h, handled.taken, handled.allSafe]).toEqual([0, 3, false]);
  one.release("acknowledged");
  expect(handled.h).toBe(2);
  three.release("acknowledged");
  expect([handled.h, handled.allSafe]).toEqual([3, true]);
  expect(told).toEqual([2, 3]);
});

test("a stanza is safe once all who hold it have let go", async () => {
  const handled = new Handled(() => {});
  const safety = take(handled);
  let safe = false;
  const waiting = handled.whenSafe().then(() => {
    safe = true;
  });
  safety.hold().hold();
  safety.release("acknowledged");
  safety.release("acknowledged");
  await Promise.resolve();
  expect([handled.h, safe]).toEqual([0, false]);
  safety.release("acknowledged");
  await waiting;
  expect(handled.h).toBe(1);
});

test("the count goes on from where another node left it, and wraps. XEP-0198 §4", () => {
  const handled = new Handled(() => {}, 2 ** 32 - 1);
  take(handled).release("acknowledged");
  expect(handled.h).toBe(0);
});

test("in whatever order stanzas become safe, the count never passes one that is not", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 0 }), (order) => {
      const handled = new Handled(() => {});
      const taken = Array.from({ length: 8 }, () => take(handled));
      const safe = new Set<number>();
      for (const i of order) {
        taken[i]?.release("acknowledged");
        safe.add(i);
        let run = 0;
        while (safe.has(run)) run++;
        expect(handled.h).toBe(run);
      }
    }),
  );
});

test("what is safe behind one that is not is no more than counted, however much that is", () => {
  const handled = new Handled(() => {});
  const first = take(handled);
  for (let i = 0; i < 50_000; i++) take(handled).release("no message");
  expect([handled.h, handled.taken, handled.full, handled.unsafe().length]).toEqual([0, 50_001, false, 2_000]);
  const last = take(handled);
  first.release("stored");
  expect([handled.h, handled.taken, handled.allSafe]).toEqual([50_001, 50_002, false]);
  last.release("stored");
  expect([handled.h, handled.allSafe]).toEqual([50_002, true]);
});

test("the count is right in whatever order thousands become safe", () => {
  const handled = new Handled(() => {});
  const first = take(handled);
  const open = [];
  for (let i = 0; i < 30_000; i++) {
    open.push(take(handled));
    // Seven of eight are safe after a while, from behind or in their middle.
    if (i % 8 !== 0) open.splice(i % 3 === 0 ? -1 : open.length >> 1, 1)[0]?.release("stored");
  }
  expect([handled.h, handled.taken]).toEqual([0, 30_001]);
  for (const one of open.reverse()) one.release("stored");
  expect(handled.h).toBe(0);
  first.release("stored");
  expect([handled.h, handled.allSafe]).toEqual([30_001, true]);
});

test("so many unsafe ones are the most, and there is room again once the first are safe", async () => {
  const handled = new Handled(() => {});
  const open = Array.from({ length: 9_999 }, () => take(handled));
  expect(handled.full).toBe(false);
  open.push(take(handled));
  expect(handled.full).toBe(true);
  let room = false;
  const waiting = handled.whenRoom().then(() => {
    room = true;
  });
  // It says nothing of the first.
  open[1]?.release("stored");
  await Promise.resolve();
  expect(room).toBe(false);
  open[0]?.release("stored");
  await waiting;
  expect(handled.full).toBe(false);
});

test("what is kept to be recognised is bounded, however often a stream is resumed. XEP-0198 §5", () => {
  const handled = new Handled(() => {});
  for (let stream = 0; stream < 3; stream++) {
    for (let i = 0; i < 3_000; i++) handled.accept(numbered(`${stream}.${i}`), (safety) => void safety.hold());
    expect(handled.resume()).toBe(0);
    expect([handled.unsafe().length, handled.taken]).toEqual([2_000, 0]);
  }
  const delivered: string[] = [];
  handled.accept(numbered("2.0"), () => void delivered.push("2.0"));
  handled.accept(numbered("2.1999"), () => void delivered.push("2.1999"));
  handled.accept(numbered("2.2000"), (safety) => void (safety.hold() && delivered.push("2.2000")));
  expect(delivered).toEqual(["2.2000"]);
});
