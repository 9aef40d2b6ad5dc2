// The talks of one server once more, its clients spread over two nodes: they must not notice.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "@jest/globals";
import { needing } from "../../harness/needing.ts";
import { parseTalk } from "../../harness/parse-talk.ts";
import { runTalk } from "../../harness/run-talk.ts";
import { Scene } from "../../harness/scene.ts";

const NODES = 2;
/** What these say of when a client is asked to acknowledge is so within one node; `cluster/` has their like. */
const ONE_NODE = [
  "stream-management/burst.talk",
  "stream-management/asleep-new-session.talk",
  "stream-management/lends-and-ends.talk",
  "stream-management/resume.talk",
  "stream-management/resumes-and-dies.talk",
  "stream-management/resumes-and-dies-elsewhere.talk",
  "stream-management/resumes-and-dies-presence.talk",
  "stream-management/resumes-and-dies-replaced.talk",
  "stream-management/resumes-and-dies-request.talk",
  "stream-management/surplus-and-goes.talk",
  "stream-management/surplus-read-fails.talk",
  "stream-management/three-deliveries.talk",
  "stream-management/unacknowledged-close.talk",
];
const folder = join(import.meta.dirname, "..");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".talk"));

for (const file of files.sort()) {
  const text = readFileSync(join(folder, file), "utf8");
  // One client alone tells nothing of two nodes; and what names its nodes has been spread by hand.
  if (clientsOf(text) < 2 || ONE_NODE.includes(file) || /\bnodes?=/.test(text)) continue;
  const talk = parseTalk(text, file);
  needing("redis").describe(file, () => {
    for (const one of talk.cases) test(one.title, () => runTalk(talk, one, new Scene({ spread: NODES })));
  });
}

function clientsOf(text: string): number {
  return [...text.matchAll(/^\S+\s+=\s+\S+@\S+/gm)].length;
}
