// Strangers who ask for subscriptions while the user is away: they can neither lock him out nor fill his store.
import { test } from "@jest/globals";
import { parseTalk } from "../harness/parse-talk.ts";
import { runTalk } from "../harness/run-talk.ts";

const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n");

test.each([
  ["small", 1000],
  ["larger than is kept", 20_000],
])("130 requests, each %s, leave a session at log-in with the first 100", async (_, pairs) => {
  const status = `<status>{repeat ${pairs} ab}</status>`;
  const kept = pairs === 1000 ? status : "";
  const talk = parseTalk(
    `Many strangers ask while the user is away     RFC 6121 §3.1.3
server verona.test limits.bytesPerSecond=1000000000 limits.burstBytes=1000000000
peer capulet.test
account romeo@verona.test

${lines(130, (i) => `capulet > <presence from="s${i}@capulet.test" to="romeo@verona.test" type="subscribe">${status}</presence>`)}
capulet quiet
romeo = romeo@verona.test/orchard
romeo > <presence/>
romeo < <presence from="romeo@verona.test/orchard"/>
any order
${lines(100, (i) => `  romeo < <presence from="s${i}@capulet.test" type="subscribe">${kept}</presence>`)}
romeo quiet
`,
    "strangers",
  );
  for (const one of talk.cases) await runTalk(talk, one);
});
