// Numbered things that wait: what is taken out in any order, and what is left.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Outbox } from "./outbox.ts";

test("whatever is taken out and when, it holds what a map would", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 4_000 })), { maxLength: 6_000 }),
      (steps) => {
        const outbox = new Outbox<string>();
        const map = new Map<number, string>();
        let next = 1;
        const add = (count: number) => {
          for (let i = 0; i < count; i++, next++) {
            expect(outbox.next).toBe(next);
            outbox.push(`n${next}`, 2);
            map.set(next, `n${next}`);
          }
        };
        for (const step of steps) {
          if (step === 0) add(40);
          else {
            expect(outbox.take(step)).toBe(map.get(step));
            map.delete(step);
          }
        }
        expect([...outbox.numbers()]).toEqual([...map.keys()]);
        expect([outbox.size, outbox.weight]).toEqual([map.size, 2 * map.size]);
        expect(outbox.low).toBe(map.keys().next().value ?? next);
        for (const number of [...map.keys()]) outbox.take(number);
        expect([outbox.size, outbox.low, outbox.next]).toEqual([0, next, next]);
      },
    ),
    { numRuns: 40 },
  );
});
