// Runs every talk of this folder, one test for each of its cases.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "@jest/globals";
import { parseTalk } from "../harness/parse-talk.ts";
import { runTalk } from "../harness/run-talk.ts";

const folder = import.meta.dirname;
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".talk"));

for (const file of files.sort()) {
  const talk = parseTalk(readFileSync(join(folder, file), "utf8"), file);
  describe(`${file} (${talk.references.join(", ")})`, () => {
    for (const one of talk.cases) test(one.title, () => runTalk(talk, one));
  });
}
