// The talks of one server once more, its clients spread over two nodes: they must not notice.
import { join } from "node:path";
import { testTalks } from "../../harness/talk-suite.ts";

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

testTalks({
  folder: join(import.meta.dirname, ".."),
  spread: NODES,
  // One client alone tells nothing of two nodes; and what names its nodes has been spread by hand.
  chosen: (file, text) => clientsOf(text) > 1 && !ONE_NODE.includes(file) && !/\bnodes?=/.test(text),
});

function clientsOf(text: string): number {
  return [...text.matchAll(/^\S+\s+=\s+\S+@\S+/gm)].length;
}
