// Runs the talks of federation: conversations with remote servers that we impersonate. See test/talks/README.md.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "@jest/globals";
import { parseTalk } from "../harness/parse-talk.ts";
import { runTalk } from "../harness/run-talk.ts";

const folder = join(import.meta.dirname, "talks");

for (const file of readdirSync(folder).sort()) {
  const talk = parseTalk(readFileSync(join(folder, file), "utf8"), file);
  describe(`${file} (${talk.references.join(", ")})`, () => {
    for (const one of talk.cases) test(one.title, () => runTalk(talk, one));
  });
}
