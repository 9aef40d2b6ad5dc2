// The list of regions comes to its end, whatever became of each of them.
import { expect, jest, test } from "@jest/globals";
import type { RegionState } from "../../../infra/rollout/index.ts";
import { listProgress } from "./progress.ts";

/** What a list shows of a rollout of three regions with these states, in order. */
async function shown(wanted: "done" | "rolled back", states: readonly [string, RegionState][]): Promise<string> {
  let text = "";
  const hear = (piece: unknown) => {
    text += String(piece);
    return true;
  };
  const streams = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, "write").mockImplementation(hear),
  );
  try {
    const list = await listProgress(["us", "eu", "ap"], wanted);
    for (const [region, state] of states) list.report({ kind: "region", region, state });
    list.report({ kind: "line", region: "eu", line: "aws:ecs:Service updating" });
    list.report({ kind: "line", region: "mars", line: "of no region in the list" });
    await list.end();
  } finally {
    for (const stream of streams) stream.mockRestore();
  }
  return text;
}

test.each<["done" | "rolled back", [string, RegionState][]]>([
  ["done", []],
  ["done", [["us", "done"]]],
  ["done", [["us", "failed"]]],
  [
    "done",
    [
      ["us", "done"],
      ["eu", "failed"],
      ["eu", "rolled back"],
    ],
  ],
  [
    "rolled back",
    [
      ["eu", "rolled back"],
      ["us", "failed"],
    ],
  ],
])("wanted %s, told %j: it ends and tells it", async (wanted, states) => {
  const text = await shown(wanted, states);
  const last = new Map(states);
  for (const region of ["us", "eu", "ap"])
    expect(text).toContain(last.has(region) ? `${region}: ${last.get(region)}` : region);
  expect(text).not.toContain("mars");
});
