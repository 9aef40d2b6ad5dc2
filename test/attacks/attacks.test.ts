// Runs every attack of this folder that is written as a talk.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "@jest/globals";
import { parseTalk } from "../harness/parse-talk.ts";
import { runTalk } from "../harness/run-talk.ts";

const folder = import.meta.dirname;

for (const file of readdirSync(folder).filter((name) => name.endsWith(".talk"))) {
  const talk = parseTalk(readFileSync(join(folder, file), "utf8"), file);
  describe(`${file} (${talk.references.join(", ")})`, () => {
    for (const one of talk.cases) test(one.title, () => runTalk(talk, one));
  });
}
