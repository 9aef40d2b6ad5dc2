// What was held is taken over though another node is at it and dies over it, and though nobody may be taken for gone yet.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { ManualClock, turns } from "../../../test/harness/manual-clock.ts";
import { type TakeoverParts, Takeovers } from "./takeovers.ts";

const log = pino({ level: "silent" });

/** Takeovers of "a~1", whose answers are these in turn, and true from then on; what was asked, and when. */
async function answered(
  begin: (takeovers: Takeovers) => void,
  { of = [], gone = [], for: ms }: { of?: boolean[]; gone?: boolean[]; for: number },
): Promise<string[]> {
  const clock = new ManualClock(0);
  const asked: string[] = [];
  const left = { of: [...of], gone: [...gone] };
  const next = (which: "of" | "gone"): boolean => {
    const answer = left[which].shift() ?? true;
    asked.push(`${which} ${answer} at ${clock.now()}`);
    return answer;
  };
  const takeOver = async () => next("of");
  const adoption = {
    of: takeOver,
    orphans: async (lives: (member: string) => Promise<boolean>) => (await lives("a~1")) || takeOver(),
  };
  const membership = { graceLeft: 0, isGone: async () => next("gone") };
  const parts = { adoption, membership, living: () => ["b~1"], lease: 5, clock, log };
  const takeovers = new Takeovers(parts as unknown as TakeoverParts);
  begin(takeovers);
  await turns(2);
  await clock.advance(ms);
  takeovers.stop();
  return asked;
}

test("a takeover that another node is at is tried again, since that one may die over it", async () => {
  const asked = await answered((takeovers) => takeovers.of("a~1"), { of: [false, true], for: 100_000 });
  expect(asked).toEqual(["of false at 0", expect.stringContaining("of true")]);
});

test("a look that had to leave something is made again soon, and else by the clock alone", async () => {
  const all = { of: [false, true], gone: [false, true, true], for: 30_010 };
  expect(await answered((takeovers) => takeovers.begin(), all)).toEqual([
    ...["gone false at 0", "gone true at 5", "of false at 5", "gone true at 10", "of true at 10"],
    ...["gone true at 30010", "of true at 30010"],
  ]);
});
