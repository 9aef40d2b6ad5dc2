// Differential fuzz of the tokenizer, saxes being the oracle. FUZZ_SEED and FUZZ_RUNS (millions, for the night).
import { expect, test } from "@jest/globals";
import { makeDocument, makeStream, mutate, split } from "./xml-corpus.ts";
import { hasTrimmedNamespace, type Outcome, ourDocument, ours, theirDocument, theirs } from "./xml-outcome.ts";
import { Random } from "./xml-random.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 1500);
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 0xffffffff));

/** Ends for whatever may be open, to make saxes say of an unfinished text what we may have said at once. */
const ENDINGS = [
  "",
  ">",
  "<a/>",
  "'>",
  '">',
  "=''>",
  "''>",
  "a=''>",
  "a=''/>",
  ";<a/>",
  "]]><a/>",
  "-->",
  "x?>",
  "[CDATA[]]><a/>",
];

function check(text: string, random: Random): Outcome {
  const whole = ours([text]);
  const pieces = split(text, random);
  expect(ours(pieces)).toEqual(whole);
  if (hasTrimmedNamespace(text)) return whole;
  if (!text.isWellFormed()) return checkLoneSurrogate(text, whole);
  const oracle = theirs(text);
  expect(whole.events).toEqual(oracle.events);
  // Either may be the first to tell, so long as the other does once the markup in hand is complete.
  if (oracle.error !== undefined)
    expect(ENDINGS.some((ending) => ours([text + ending]).error !== undefined)).toBe(true);
  else if (whole.error !== undefined)
    expect(ENDINGS.some((ending) => theirs(text + ending).error !== undefined)).toBe(true);
  return whole;
}

/** saxes takes a surrogate for half of a pair whatever follows: compare what comes before it, where we must stop. */
function checkLoneSurrogate(text: string, whole: Outcome): Outcome {
  const at = text.search(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/);
  expect(whole.events).toEqual(theirs(text.slice(0, at)).events);
  if (at < text.length - 1 && whole.events.at(-1) !== "close") expect(whole.error).toBeDefined();
  return whole;
}

function run(seed: number, runs: number, make: (random: Random) => string): { good: number; bad: number } {
  const count = { good: 0, bad: 0 };
  for (let k = 0; k < runs; k++) {
    const caseSeed = (seed + k) >>> 0;
    const random = new Random(caseSeed);
    const text = make(random);
    try {
      const { error } = check(text, random);
      count[error === undefined ? "good" : "bad"]++;
    } catch (error) {
      throw new Error(`FUZZ_SEED=${caseSeed} FUZZ_RUNS=1 ${JSON.stringify(text)}`, { cause: error });
    }
  }
  return count;
}

test(
  `good streams are taken as saxes takes them (seed ${SEED})`,
  () => {
    const { good } = run(SEED, Math.ceil(RUNS / 3), makeStream);
    expect(good).toBeGreaterThan(0);
  },
  2 ** 30,
);

test(
  `spoilt streams are refused where saxes refuses them, and nowhere else (seed ${SEED})`,
  () => {
    const { bad } = run(SEED, RUNS, (random) => mutate(makeStream(random), random));
    expect(bad + RUNS).toBeGreaterThan(RUNS);
  },
  2 ** 30,
);

test(
  `documents are refused where saxes refuses them, and nowhere else (seed ${SEED})`,
  () => {
    const count = { good: 0, bad: 0 };
    for (let k = 0; k < RUNS; k++) {
      const caseSeed = (SEED + k) >>> 0;
      const random = new Random(caseSeed);
      const document = makeDocument(random);
      const text = random.chance(20) ? document : mutate(document, random);
      if (hasTrimmedNamespace(text)) continue;
      try {
        const own = ourDocument(text);
        expect(own).toEqual(theirDocument(text));
        count[own === undefined ? "bad" : "good"]++;
      } catch (error) {
        throw new Error(`FUZZ_SEED=${caseSeed} FUZZ_RUNS=1 ${JSON.stringify(text)}`, { cause: error });
      }
    }
    expect(count.good + count.bad).toBeGreaterThan(0);
  },
  2 ** 30,
);
