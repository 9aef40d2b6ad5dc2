// The count that may be acknowledged: the longest run of safe stanzas, in order.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { NS_CLIENT } from "../xml/namespaces.ts";
import { RawElement } from "../xml/raw-element.ts";
import { Handled } from "./handled.ts";

function take(handled: Handled) {
  return handled.take(new RawElement("message", NS_CLIENT, [], "/>", [], true, undefined, "")).safety;
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
