// Strangers who ask for subscriptions while the user is away: they can neither lock him out nor fill his store.
import { test } from "@jest/globals";
import { parseTalk } from "../harness/parse-talk.ts";
import { runTalk } from "../harness/run-talk.ts";

const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n");

test.each([
  ["small", 1000],
  ["larger than is kept", 5_000],
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

test("the strangers of one domain, however many, do not shut out another's", async () => {
  const talk = parseTalk(
    `One domain's strangers have every place, and another's still gets one     RFC 6121 §3.1.3
server verona.test limits.bytesPerSecond=1000000000 limits.burstBytes=1000000000
peer capulet.test
peer montague.test
account romeo@verona.test

${lines(120, (i) => `capulet > <presence from="s${i}@capulet.test" to="romeo@verona.test" type="subscribe"/>`)}
capulet quiet
montague > <presence from="friend@montague.test" to="romeo@verona.test" type="subscribe"/>
montague quiet
romeo = romeo@verona.test/orchard
romeo > <presence/>
romeo < <presence from="romeo@verona.test/orchard"/>
any order
${lines(99, (i) => `  romeo < <presence from="s${i}@capulet.test" type="subscribe"/>`)}
  romeo < <presence from="friend@montague.test" type="subscribe"/>
romeo quiet
`,
    "strangers of two domains",
  );
  for (const one of talk.cases) await runTalk(talk, one);
});

test("the messages of one domain's strangers leave room for contacts and for other strangers", async () => {
  const talk = parseTalk(
    `One domain fills its share of the offline store, and friends find theirs     XEP-0160 §3
server verona.test modules.offline.maxMessages=8
peer capulet.test
peer montague.test
account romeo@verona.test
roster romeo@verona.test nurse@capulet.test to

${lines(5, (i) => `capulet > <message from="s${i}@capulet.test/r" to="romeo@verona.test" id="m${i}" type="chat"><body>x</body></message>`)}
capulet < <message from="romeo@verona.test" to="s4@capulet.test/r" id="m4" type="error"><error type="cancel"><service-unavailable/></error></message>
montague > <message from="b@montague.test" to="romeo@verona.test" id="n" type="chat"><body>x</body></message>
capulet > <message from="nurse@capulet.test" to="romeo@verona.test" id="f" type="chat"><body>x</body></message>
capulet quiet
montague quiet
romeo = romeo@verona.test/orchard online
any order
${lines(4, (i) => `  romeo < <message from="s${i}@capulet.test/r" id="m${i}" {...}>{...}</message>`)}
  romeo < <message from="b@montague.test" id="n" {...}>{...}</message>
  romeo < <message from="nurse@capulet.test" id="f" {...}>{...}</message>
romeo quiet
`,
    "shares of the offline store",
  );
  for (const one of talk.cases) await runTalk(talk, one);
});
