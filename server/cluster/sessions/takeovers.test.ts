// What was held is taken over though another node is at it and dies over it, and though nobody may be taken for gone yet.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { type TakeoverParts, Takeovers } from "./takeovers.ts";

const log = pino({ level: "silent" });

/** Takeovers of "a~1", whose answers are these in turn; the last one ever again. Resolves once all were given. */
async function answered(
  begin: (takeovers: Takeovers) => void,
  { of = [true], gone = [true] }: { of?: boolean[]; gone?: boolean[] },
): Promise<string[]> {
  const asked: string[] = [];
  const left = { of: [...of], gone: [...gone] };
  let takeovers: Takeovers | undefined;
  await new Promise<void>((resolve) => {
    const next = (which: "of" | "gone"): boolean => {
      const answer = left[which].shift() ?? true;
      asked.push(`${which} ${answer}`);
      if (left.of.length + left.gone.length === 0) resolve();
      return answer;
    };
    const takeOver = async () => next("of");
    const adoption = {
      of: takeOver,
      orphans: async (lives: (member: string) => Promise<boolean>) => (await lives("a~1")) || takeOver(),
    };
    const membership = { graceLeft: 0, isGone: async () => next("gone") };
    const parts = { adoption, membership, living: () => ["b~1"], lease: 5, log };
    takeovers = new Takeovers(parts as unknown as TakeoverParts);
    begin(takeovers);
  });
  takeovers?.stop();
  return asked;
}

test("a takeover that another node is at is tried again, since that one may die over it", async () => {
  expect(await answered((takeovers) => takeovers.of("a~1"), { of: [false, true], gone: [] })).toEqual([
    "of false",
    "of true",
  ]);
});

test("a look that had to leave something is made again soon, and not only by the clock", async () => {
  const asked = await answered((takeovers) => takeovers.begin(), { of: [false, true], gone: [false, true, true] });
  expect(asked).toEqual(["gone false", "gone true", "of false", "gone true", "of true"]);
});
