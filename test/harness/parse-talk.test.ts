// The talk format: lines, continuation, blocks, loops, and mistakes told with their line.
import { expect, test } from "@jest/globals";
import { parseTalk } from "./parse-talk.ts";

const parse = (text: string) => parseTalk(text, "x.talk");
const steps = (text: string) => parse(`Title\n${text}`).cases[0]?.steps ?? [];

test("title and references", () => {
  const talk = parse("# a comment\nA roster is pushed   RFC 6121 §2.1.6, XEP-0237\nserver a.test\n");
  expect(talk).toMatchObject({ title: "A roster is pushed", references: ["RFC 6121 §2.1.6", "XEP-0237"] });
});

test("what there is", () => {
  const [server, peer, dns, account, roster] = steps(`
server verona.test nodes=2 limits.depth=8
peer   capulet.test auth=dialback manual
dns    _xmpp-server._tcp.verona.test SRV 10 5 5269 node-2
account romeo@verona.test secret
roster romeo@verona.test juliet@capulet.test both name="Juliet C"`);
  expect(server).toMatchObject({ do: "server", domain: "verona.test", line: 3 });
  expect(server).toHaveProperty("options", new Map([["nodes", "2"], ["limits.depth", "8"]])); // biome-ignore format: a table
  expect(peer).toMatchObject({ domain: "capulet.test" });
  expect(dns).toMatchObject({ name: "_xmpp-server._tcp.verona.test", data: ["SRV", "10", "5", "5269", "node-2"] });
  expect(account).toMatchObject({ jid: "romeo@verona.test", password: "secret" });
  expect(roster).toHaveProperty("options", new Map([["both", "true"], ["name", "Juliet C"]])); // biome-ignore format: a table
});

test("what happens", () => {
  expect(
    steps(`
romeo = romeo@verona.test/orchard transport=tls
in    = capulet.test accepts
clock +90s
romeo > <presence/>
romeo < <presence/>
romeo quiet through capulet.test
romeo closed
romeo sees error not-well-formed
romeo authenticates SCRAM-SHA-1 user=x
dns asked a.test
close romeo
cut romeo`),
  ).toMatchObject([
    { do: "client", name: "romeo", jid: "romeo@verona.test/orchard" },
    { do: "wire", name: "in", peer: "capulet.test", way: "accepts" },
    { do: "clock", ms: 90_000 },
    { do: "send", who: "romeo", text: "<presence/>" },
    { do: "expect", who: "romeo", text: "<presence/>" },
    { do: "quiet", who: "romeo", through: "capulet.test" },
    { do: "closed", who: "romeo" },
    { do: "error", who: "romeo", condition: "not-well-formed" },
    { do: "authenticate", who: "romeo", mechanism: "SCRAM-SHA-1" },
    { do: "asked", name: "a.test" },
    { do: "close", who: "romeo" },
    { do: "cut", who: "romeo" },
  ]);
});

test("indented lines belong to the line before", () => {
  const [step] = steps('romeo > <message to="a"\n          id="1">\n   <body>a\n   b</body></message>');
  expect(step).toMatchObject({ text: '<message to="a" id="1"><body>a b</body></message>' });
});

test("any order is a block, its lines may go on", () => {
  const [block] = steps("any order\n  a < <x/>\n  b < <y>\n      <z/></y>\na quiet");
  expect(block).toMatchObject({ expectations: [{ who: "a" }, { who: "b", text: "<y><z/></y>", line: 4 }] });
});

test("bytes", () => {
  expect(steps('a >> "<a>\\xff\\u00e9\\n"')).toMatchObject([{ bytes: Buffer.from([60, 97, 62, 255, 195, 169, 10]) }]);
});

test("for lines make a case each; captures are left alone", () => {
  const { cases } = parse("T\nfor $a in x y\nfor $b in 1 2\nromeo > <$a i='{$a}'>$b</$a>");
  expect(cases.map(({ title }) => title)).toEqual(["T [a=x b=1]", "T [a=x b=2]", "T [a=y b=1]", "T [a=y b=2]"]);
  expect(cases[3]?.steps).toMatchObject([{ text: "<y i='{$a}'>2</y>" }]);
});

test.each([
  ["romeo shouts", "x.talk:3: no form of a line: romeo shouts"],
  ["any order\n  a < <x/>", 'x.talk:3: "any order" needs two expectations'],
  ["any order\n  a < <x/>\n  a > <x/>", 'in "any order" every line is "name < …"'],
  ["clock 90s", "no form of a line"],
])("a mistake: %j", (text, problem) => {
  expect(() => parse(`T\n\n${text}`)).toThrow(problem);
});
