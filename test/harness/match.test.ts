// The matcher: what is equal, what may be left out, what is captured, and that everything else differs.
import { describe, expect, test } from "@jest/globals";
import { type Captures, match } from "./match.ts";
import { parsePattern } from "./pattern.ts";
import { parseXml } from "./xml-node.ts";

const NS = "jabber:client";
const receiver = { full: "juliet@verona.test/balcony" };

function compare(pattern: string, got: string, captures: Captures = new Map()) {
  const parsed = parsePattern(pattern, NS);
  if (parsed.kind === "close") throw new Error("not an element");
  const stream = `xmlns="${NS}" xmlns:stream="http://etherx.jabber.org/streams"`;
  return match(parsed.element, parseXml(got.replace(/^<([\w:]+)/, `<$1 ${stream}`)), captures, receiver);
}

const fits = (pattern: string, got: string) => expect(compare(pattern, got)).toHaveProperty("captures");
const differs = (pattern: string, got: string, about: string) =>
  expect(compare(pattern, got)).toEqual({ difference: expect.stringContaining(about) });

describe("equal", () => {
  test("whatever the prefixes, quotes and order of attributes", () =>
    fits('<iq id="1" type="get"><q xmlns="x"/></iq>', "<iq type='get' id='1'><p:q xmlns:p='x'/></iq>"));
  test("white space between elements says nothing", () =>
    fits("<message><body>a</body></message>", "<message>\n <body>a</body>\n</message>"));
});

describe("different", () => {
  test.each([
    ["another name", "<message/>", "<presence/>", "expected <message"],
    ["another namespace", '<message><x xmlns="a"/></message>', '<message><x xmlns="b"/></message>', 'xmlns="b"'],
    ["another value", '<message type="chat"/>', '<message type="normal"/>', 'expected "chat", got "normal"'],
    ["an attribute too few", '<message type="chat"/>', "<message/>", "message@type"],
    ["an attribute too many", "<message/>", '<message type="chat"/>', "message@type: expected none"],
    ["another text", "<message><body>a</body></message>", "<message><body>b</body></message>", 'expected text "a"'],
    ["text too much", "<message/>", "<message>a</message>", 'got "a"'],
    ["white space in text", "<message><body>a</body></message>", "<message><body> a</body></message>", '" a"'],
    ["a child too few", "<message><body/></message>", "<message/>", "no <body"],
    ["a child too many", "<message/>", "<message><body/></message>", "unexpected <body"],
    ["a child too many among them", "<message><b/></message>", "<message><a/><b/></message>", "expected <b"],
    ["another order", "<message><a/><b/></message>", "<message><b/><a/></message>", "expected <a"],
    ["from, but of somebody else", "<message/>", '<message from="x@y"/>', "message@from"],
    ["an id on an iq", '<iq type="set"/>', '<iq type="set" id="1"/>', "iq@id"],
    ["absent, but there", '<message type="{absent}"/>', '<message type="chat"/>', "expected none"],
    ["nothing where some text must be", "<message><body>{*}</body></message>", "<message><body/></message>", "text"],
  ])("%s", (_, pattern, got, about) => differs(pattern, got, about));
});

describe("need not be mentioned", () => {
  test.each([
    ["xml:lang", "<message/>", '<message xml:lang="en"/>'],
    ["id of message and presence", "<presence/>", '<presence id="9"/>'],
    ["to the receiver", "<message/>", '<message to="juliet@verona.test/balcony"/>'],
    ["from the receiver's own account", '<iq type="set" id="1"/>', '<iq type="set" id="1" from="juliet@verona.test"/>'],
    [
      "an error's text and what it gives back",
      '<message type="error"><error type="cancel"><conflict/></error></message>',
      `<message type="error"><body>a</body><error type="cancel" by="verona.test">
         <conflict xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>
         <text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">no</text></error></message>`,
    ],
  ])("%s", (_, pattern, got) => fits(pattern, got));
  test("but a condition must be in its namespace", () =>
    differs(
      '<message type="error"><error type="cancel"><conflict/></error></message>',
      '<message type="error"><error type="cancel"><conflict/></error></message>',
      "urn:ietf:params:xml:ns:xmpp-stanzas",
    ));
});

describe("marks", () => {
  test("{...} as content allows more children, in order", () => {
    fits("<message><b/>{...}</message>", "<message><a/><b/><c/></message>");
    differs("<message><b/><a/>{...}</message>", "<message><a/><b/><c/></message>", "no <a");
  });
  test("{...} in a tag allows more attributes", () => fits("<message {...}/>", '<message type="chat"/>'));
  test("{any order}", () => {
    fits("<message>{any order}<b/><a/></message>", "<message><a/><b/></message>");
    differs("<message>{any order}<b/><b/></message>", "<message><a/><b/></message>", "no <b");
  });
  test("{no name}", () => {
    fits("<message>{no b}{...}</message>", "<message><a/></message>");
    differs("<message>{no b}{...}</message>", "<message><a/><b/></message>", "must not be there");
  });
  test("{*} within a value", () => {
    fits('<message type="a-{*}"/>', '<message type="a-b"/>');
    differs('<message type="a-{*}"/>', '<message type="b-a"/>', 'got "b-a"');
  });
  test("{$x} captures, then compares", () => {
    const first = compare("<message><body>{$x}</body></message>", "<message><body>a.b</body></message>");
    const captures = "captures" in first ? first.captures : new Map();
    expect([...captures]).toEqual([["x", "a.b"]]);
    const again = (got: string) => compare("<message><body>{$x}</body></message>", got, captures);
    expect(again("<message><body>a.b</body></message>")).toHaveProperty("captures");
    expect(again("<message><body>aXb</body></message>")).toHaveProperty("difference");
  });
  test("{$x} twice in one value must be the same", () => {
    fits("<message><body>{$x}-{$x}</body></message>", "<message><body>a-a</body></message>");
    differs("<message><body>{$x}-{$x}</body></message>", "<message><body>a-b</body></message>", "a-b");
  });
  test("what did not match leaves no captures", () => {
    const captures = new Map();
    compare('<message id="{$x}" type="chat"/>', '<message id="1"/>', captures);
    expect(captures.size).toBe(0);
  });
});

test("a stream header", () => {
  const parsed = parsePattern('<stream:stream from="verona.test" version="1.0" {...}>', NS);
  expect(parsed.kind).toBe("open");
  fits(
    '<stream:stream from="verona.test" id="{*}">',
    '<stream:stream from="verona.test" id="x" xml:lang="en"></stream:stream>',
  );
});
