// Payloads of many extensions, sent through the server to a WebSocket client, back over TCP, and to another server:
// each must arrive as it left. The cases are whole stanzas without addresses, one a file.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "@jest/globals";
import { parseTalk } from "../harness/parse-talk.ts";
import { runTalk } from "../harness/run-talk.ts";
import type { Step } from "../harness/talk.ts";

const folder = join(import.meta.dirname, "cases");

const SCENE = `Payloads
server verona.test
peer capulet.test
romeo  = romeo@verona.test/orchard online
juliet = juliet@verona.test/balcony transport=websocket online
`;

const ROMEO = "romeo@verona.test/orchard";
const JULIET = "juliet@verona.test/balcony";
const TYBALT = "tybalt@capulet.test/street";

/** The stanza of a case with addresses put into its start tag. */
function addressed(stanza: string, addresses: string): string {
  return stanza.replace(/^<(message|presence|iq)/, `<$1 ${addresses}`);
}

for (const file of readdirSync(folder).sort()) {
  const stanza = readFileSync(join(folder, file), "utf8").trim();
  const lines: { send?: string; expect?: string; who: string }[] = [
    { who: "romeo", send: addressed(stanza, `to="${JULIET}"`) },
    { who: "juliet", expect: addressed(stanza, `from="${ROMEO}" to="${JULIET}"`) },
    { who: "juliet", send: addressed(stanza, `to="${ROMEO}"`) },
    { who: "romeo", expect: addressed(stanza, `from="${JULIET}" to="${ROMEO}"`) },
    { who: "romeo", send: addressed(stanza, `to="${TYBALT}"`) },
    { who: "capulet", expect: addressed(stanza, `from="${ROMEO}" to="${TYBALT}"`) },
    { who: "capulet", send: addressed(stanza, `from="${TYBALT}" to="${ROMEO}"`) },
    { who: "romeo", expect: addressed(stanza, `from="${TYBALT}" to="${ROMEO}"`) },
  ];
  const steps = lines.map(
    ({ who, send, expect }, line): Step =>
      send === undefined ? { line, do: "expect", who, text: expect ?? "" } : { line, do: "send", who, text: send },
  );
  const talk = parseTalk(SCENE, file);
  const [scene] = talk.cases;
  test(file, () => runTalk(talk, { title: file, steps: [...(scene?.steps ?? []), ...steps] }));
}
