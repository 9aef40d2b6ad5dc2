// Tests of the tokenizer's bounds: each is enforced while the element is still incomplete, and costs no more than linear work.
import { expect, test } from "@jest/globals";
import { DEFAULT_XML_LIMITS, StreamTokenizer, type XmlLimits } from "./tokenizer.ts";

const HEADER = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/** What the tokenizer tells; the limits hold for all but the first text. */
function tell(limits: Partial<XmlLimits>, texts: Iterable<string>): string[] {
  const log: string[] = [];
  const tokenizer = new StreamTokenizer(
    {
      streamOpen: () => log.push("open"),
      element: (raw) =>
        log.push(raw.flaw === undefined ? `${raw.name} ${raw.tail.length}` : `${raw.name}: ${raw.flaw}`),
      streamClose: () => log.push("close"),
      whitespace: () => log.push("space"),
      error: (condition) => log.push(condition),
    },
    DEFAULT_XML_LIMITS,
  );
  let header = true;
  for (const text of texts) {
    if (!header) tokenizer.setLimits({ ...DEFAULT_XML_LIMITS, ...limits });
    tokenizer.write(text);
    header = false;
  }
  return log;
}

test("an element may have just as many bytes as allowed, in one text or many", () => {
  const texts = ["<a>xxxxxx</a>", "<a>\u20ac\u20ac</a>", "<a>\u{1f600}xx</a>", "<a b='xxxx'/>", "<abcdefghij/>"];
  for (const text of texts) {
    expect(Buffer.byteLength(text)).toBe(13);
    for (const pieces of [[text], text]) {
      expect(tell({ maxElementBytes: 13 }, [HEADER, ...pieces])).toHaveLength(2);
      expect(tell({ maxElementBytes: 12 }, [HEADER, ...pieces])).toEqual(["open", "policy-violation"]);
    }
  }
});

test.each([
  ["text", "<a>", "x"],
  ["text of three bytes", "<a>", "\u20ac"],
  ["CDATA", "<a><![CDATA[", "]"],
  ["a value", "<a b='", "x"],
  ["a name", "<", "x"],
  ["an attribute's name", "<a ", "x"],
  ["white space in a tag", "<a ", " "],
  ["white space in an end tag", "<a></a", " "],
  ["many children", "<a>", "<b/>"],
  ["many references", "<a>", "&lt;"],
])("endless %s is cut at the limit though incomplete", (_name, start, more) => {
  const limits = { maxElementBytes: 1000, maxNameLength: 10_000 };
  const texts = [HEADER, start, ...Array(Math.ceil(900 / Buffer.byteLength(more))).fill(more)];
  expect(tell(limits, texts)).toEqual(["open"]);
  expect(tell(limits, [...texts, ...Array(150).fill(more)])).toEqual(["open", "policy-violation"]);
  expect(tell(limits, [HEADER, start + more.repeat(1001)])).toEqual(["open", "policy-violation"]);
});

test("an endless reference is cut", () => {
  expect(tell({}, [HEADER, "<a>&#", "0".repeat(300)])).toEqual(["open", "policy-violation"]);
});

test("an endless header is cut", () => {
  expect(tell({ maxElementBytes: 100 }, ["<stream:stream a='", "x".repeat(100)])).toEqual(["policy-violation"]);
  expect(tell({}, [`${HEADER.slice(0, -1)} a='${"x".repeat(300_000)}'>`])).toEqual(["policy-violation"]);
});

test("the limit counts each element anew", () => {
  const text = `<a>${"x".repeat(80)}</a>`;
  expect(tell({ maxElementBytes: 100 }, [HEADER, text.repeat(3), ...text, text])).toHaveLength(6);
});

test.each<[string, Partial<XmlLimits>, string, string]>([
  ["nesting", { maxDepth: 3 }, "<a><b><c/></b></a>", "<a><b><c><d>"],
  ["attributes", { maxAttributes: 2 }, "<a b='1' c='2'/>", "<a b='1' c='2' d="],
  ["elements", { maxElements: 3 }, "<a><b/><b/></a>", "<a><b/><b/><b/>"],
  ["length of names", { maxNameLength: 3 }, "<abc/>", "<abcd "],
  ["length of names of known tags", { maxNameLength: 3 }, "<a><abc></abc></a>", "<a><abcd>"],
  [
    "declarations",
    { maxNamespaceDeclarations: 3 },
    "<a xmlns:b='1'><c xmlns:d='1'/></a>",
    "<a xmlns:b='1'><c xmlns:d='1' xmlns:e='1'",
  ],
])("%s are limited", (_name, limits, good, bad) => {
  // The known tags of one stream are no way around the limits of another.
  tell({}, [HEADER, "<a><b><c><d></d></c></b><b/><b/><abcd></abcd></a>"]);
  expect(tell(limits, [HEADER, good, good])).toHaveLength(3);
  expect(tell(limits, [HEADER, bad])).toEqual(["open", "policy-violation"]);
});

test("a stanza that comes unit by unit costs no quadratic work or space", () => {
  const body = "<a b='1'>x&amp;\u00e9</a>".repeat(8000);
  const text = `<m>${body}<c d='${"v".repeat(40_000)}'/></m>`;
  const started = process.cpuUsage();
  expect(tell({}, [HEADER, ...text])).toEqual(["open", `m ${text.length - 2}`]);
  // Some 30 ms here; quadratic work would take minutes.
  expect(process.cpuUsage(started).user).toBeLessThan(5_000_000);
});

test.each<[string, Partial<XmlLimits>, string, string]>([
  ["nesting", { maxDepth: 3 }, "<a><b><c><d><e/></d></c></b><f/></a>", "nested too deeply"],
  ["a tag with many attributes", { maxAttributes: 2 }, "<a b='1' c='2' d='&lt;'><e>x</e></a>", "too many attributes"],
  ["a child with many", { maxAttributes: 2 }, "<a><b c='1' d='2' e:f='3' e=\"4\"/></a>", "too many attributes"],
  ["a long name", { maxNameLength: 3 }, "<a><abcd/></a>", "name too long"],
  [
    "declarations",
    { maxNamespaceDeclarations: 2 },
    "<a xmlns:b='1' xmlns:c='2'><c:d c:e='1'/></a>",
    "too many namespace declarations",
  ],
  ["a name of the fifth edition alone", {}, "<a><\u{1f600} xmlns='u'/></a>", "a name that older parsers refuse"],
  ["an attribute of the fifth edition alone", {}, "<a \u0221='1'/>", "a name that older parsers refuse"],
  ["a prefix of it", {}, "<a xmlns:\u0221='u'><\u0221:b/></a>", "a name that older parsers refuse"],
  ["a namespace with a space", {}, "<a><b xmlns='u v'/></a>", "a namespace name that parsers cannot tell"],
  ["a namespace with a line end", {}, "<a xmlns:b='u&#10;'/>", "a namespace name that parsers cannot tell"],
  ["a namespace of other letters", {}, "<a><b xmlns='\u00e9'/></a>", "a namespace name that parsers cannot tell"],
  ["a scheme that is none", {}, "<a><b xmlns='a_b:c'/></a>", "a namespace name that parsers cannot tell"],
  ["a % that says nothing", {}, "<a xmlns:b='u:%zz'/>", "a namespace name that parsers cannot tell"],
  ["a namespace with }", {}, "<a><b xmlns:c='u}'/></a>", "a namespace name that parsers cannot tell"],
])("%s spoils its element alone where the stream may go on", (_name, limits, text, flaw) => {
  for (const pieces of [[text], text])
    for (let again = 0; again < 2; again++)
      expect(tell({ ...limits, flawsAllowed: true }, [HEADER, ...pieces, "<g>x</g>", ...pieces])).toEqual([
        "open",
        `a: ${flaw}`,
        "g 6",
        `a: ${flaw}`,
      ]);
  expect(tell(limits, [HEADER, text])).toEqual(["open", "policy-violation"]);
});

test("an element with a flaw still ends where it ends, and its addresses are known", () => {
  const limits = { maxAttributes: 3, flawsAllowed: true };
  expect(tell(limits, [HEADER, "<a b='1' c='2' d='3' e='4'><f></a>"])).toEqual(["open", "not-well-formed"]);
  const heads: (string | undefined)[] = [];
  const tokenizer = new StreamTokenizer(
    {
      streamOpen: () => tokenizer.setLimits({ ...DEFAULT_XML_LIMITS, ...limits }),
      element: (raw) => heads.push(raw.attr("to"), raw.attr("id"), raw.attr("e"), raw.tail),
      streamClose: () => {},
      whitespace: () => {},
      error: () => {},
    },
    DEFAULT_XML_LIMITS,
  );
  tokenizer.write(`${HEADER}<a b='1' c='2' d='3' e='4' to='x' f='5' id='i'>text</a>`);
  expect(heads).toEqual(["x", "i", undefined, "/>"]);
});

test("a deep element with a flaw costs linear work", () => {
  const depth = 30_000;
  const text = `<m>${"<a xmlns:b='u'>".repeat(depth / 3)}${"</a>".repeat(depth / 3)}</m>`;
  const started = process.cpuUsage();
  expect(tell({ flawsAllowed: true, maxElementBytes: 1 << 20 }, [HEADER, text, "<b/>"])).toEqual([
    "open",
    "m: too many namespace declarations",
    "b 2",
  ]);
  expect(process.cpuUsage(started).user).toBeLessThan(5_000_000);
});
