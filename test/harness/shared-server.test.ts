// A server that talks share: which talks may, and that the next one finds nothing of the last.
import { afterEach, expect, test } from "@jest/globals";
import { parseTalk } from "./parse-talk.ts";
import { runTalk } from "./run-talk.ts";
import { Scene } from "./scene.ts";
import { SharedServer, sharedDomain } from "./shared-server.ts";

let shared: SharedServer | undefined;
afterEach(() => shared?.end());

const talkOf = (text: string) => parseTalk(`A talk     RFC 6121\n${text}`, "test");

test.each([
  ["server verona.test\nromeo = romeo@verona.test/r", "verona.test"],
  ["server verona.test limits.depth=8\nromeo = romeo@verona.test/r", undefined],
  ["server verona.test\nserver mantua.test", undefined],
  ["server verona.test\nhost mantua.test", undefined],
  ["server verona.test\npeer capulet.test", undefined],
  ["server verona.test\ndns capulet.test A 127.0.0.1", undefined],
  ["server verona.test\nromeo = romeo@verona.test/r\nclock +90s", undefined],
  ["server verona.test\nromeo = romeo@verona.test/r\nstore verona.test held.add fails", undefined],
  ["server verona.test\nromeo = romeo@verona.test/r\ndrain verona.test", undefined],
  ['server verona.test\nromeo = romeo@verona.test/r\nromeo < <a at="2027-01-15T00:00:00Z"/>', undefined],
])("%j: the domain of the server that it shares is %s", (text, domain) => {
  expect(talkOf(text).cases.map(sharedDomain)).toEqual([domain]);
});

/** Leaves whatever an account may have: contacts, a block, messages stored and held, a session that may be resumed. */
const LEAVES = talkOf(`server verona.test
roster romeo@verona.test juliet@verona.test both
roster juliet@verona.test romeo@verona.test both
romeo = romeo@verona.test/r online
juliet = juliet@verona.test/r online
romeo > <iq type="set" id="1"><block xmlns="urn:xmpp:blocking"><item jid="tybalt@verona.test"/></block></iq>
romeo < <iq type="result" id="1"/>
juliet > <enable xmlns="urn:xmpp:sm:3" resume="true"/>
juliet < <enabled xmlns="urn:xmpp:sm:3" {...}/>
cut juliet
romeo > <message to="juliet@verona.test" type="chat"><body>held</body></message>
account nurse@verona.test
romeo > <message to="nurse@verona.test" type="chat"><body>stored</body></message>
x = romeo@verona.test/x manual
x opens
x > <starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>
x < <proceed xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>
x opens
x authenticates PLAIN password=wrong fails=not-authorized
x authenticates PLAIN password=wrong fails=not-authorized
romeo quiet`);

/** The same people, new: nothing comes to them, and the wrong password is answered at once. */
const FINDS = talkOf(`server verona.test
nurse = nurse@verona.test/r online
juliet = juliet@verona.test/r online
romeo = romeo@verona.test/r online
romeo > <iq type="get" id="1"><query xmlns="jabber:iq:roster"/></iq>
romeo < <iq type="result" id="1"><query xmlns="jabber:iq:roster" {...}/></iq>
romeo > <iq type="get" id="2"><blocklist xmlns="urn:xmpp:blocking"/></iq>
romeo < <iq type="result" id="2"><blocklist xmlns="urn:xmpp:blocking"/></iq>
x = romeo@verona.test/x manual
x opens
x > <starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>
x < <proceed xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>
x opens
x authenticates PLAIN password=wrong fails=not-authorized
x authenticates PLAIN password=wrong fails=not-authorized
nurse quiet
juliet quiet
romeo quiet`);

test("the next talk finds nobody and nothing of the last", async () => {
  shared = await SharedServer.start("verona.test", 1);
  for (const talk of [LEAVES, FINDS, FINDS])
    for (const one of talk.cases) {
      await runTalk(talk, one, new Scene({ shared }));
      await shared.clear();
    }
});
