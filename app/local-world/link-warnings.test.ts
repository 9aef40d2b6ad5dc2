// Which warnings of links are shown: not those that a region's being away explains.
import { expect, test } from "@jest/globals";
import { LinkWarnings } from "./link-warnings.ts";

const EU = "eu.meridian.test";
const US = "us.meridian.test";

function setUp() {
  const away = new Map([
    [EU, 0],
    [US, 0],
  ]);
  const shown: string[] = [];
  const waiting: (() => void)[] = [];
  const clock = { now: 100_000 };
  const warnings = new LinkWarnings({
    lastAway: (domain) => away.get(domain),
    print: (line) => void shown.push(line),
    now: () => clock.now,
    later: (work) => void waiting.push(work),
  });
  const settle = () => {
    for (const work of waiting.splice(0)) work();
  };
  return { away, shown, clock, warnings, settle };
}

test("what is about no region is shown at once", () => {
  const { shown, warnings } = setUp();
  warnings.take("slow disk", []);
  warnings.take("a stranger", ["verona.test"]);
  expect(shown).toEqual(["slow disk", "a stranger"]);
});

test("a link that broke a moment before its region was known to be away, or while it comes back, is not told of", () => {
  const { away, shown, clock, warnings, settle } = setUp();
  warnings.take("reset", [US, EU]);
  away.set(EU, clock.now + 100);
  settle();
  clock.now += 10_000;
  warnings.take("no SRV record", [US, EU]);
  settle();
  expect(shown).toEqual([]);
});

test("a link that fails between regions that are there is told of", () => {
  const { shown, warnings, settle } = setUp();
  warnings.take("certificate refused", [US, EU]);
  expect(shown).toEqual([]);
  settle();
  expect(shown).toEqual(["certificate refused"]);
});
