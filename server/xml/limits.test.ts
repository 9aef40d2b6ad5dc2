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
      element: (raw) => log.push(`${raw.name} ${raw.tail.length}`),
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
