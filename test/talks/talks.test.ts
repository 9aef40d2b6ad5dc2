// Runs every talk of this folder, one test for each of its cases.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "@jest/globals";
import { needing } from "../harness/needing.ts";
import { parseTalk } from "../harness/parse-talk.ts";
import { runTalk } from "../harness/run-talk.ts";
import type { TalkCase } from "../harness/talk.ts";

const folder = import.meta.dirname;
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".talk"));

for (const file of files.sort()) {
  const talk = parseTalk(readFileSync(join(folder, file), "utf8"), file);
  describe(`${file} (${talk.references.join(", ")})`, () => {
    for (const one of talk.cases) {
      const { test } = needing(...(severalNodes(one) ? (["redis"] as const) : []));
      test(one.title, () => runTalk(talk, one));
    }
  });
}

/** Nodes of one region meet over Redis. */
function severalNodes({ steps }: TalkCase): boolean {
  return steps.some((step) => "options" in step && Number(step.options.get("nodes") ?? 1) > 1);
}
