// Tests of the stream tokenizer: what it tells, what it refuses and why, pausing and restarting.
import { expect, test } from "@jest/globals";
import { DEFAULT_XML_LIMITS, StreamTokenizer, type TokenizerEvents, type XmlLimits } from "./tokenizer.ts";

const HEADER =
  "<stream:stream to='a.example' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

/** A tokenizer whose events are written down in short. */
function listen(limits: XmlLimits = DEFAULT_XML_LIMITS, more: Partial<TokenizerEvents> = {}) {
  const log: string[] = [];
  const tokenizer = new StreamTokenizer(
    {
      streamOpen(header) {
        log.push(`open ${header.to}`);
        more.streamOpen?.(header);
      },
      element(raw) {
        log.push(`${raw.name} ${raw.xmlns}`);
        more.element?.(raw);
      },
      streamClose() {
        log.push("close");
      },
      whitespace() {
        log.push("space");
      },
      error(condition) {
        log.push(condition);
      },
    },
    limits,
  );
  return { log, tokenizer };
}

function tell(...texts: string[]): string[] {
  const { log, tokenizer } = listen();
  for (const text of texts) tokenizer.write(text);
  return log;
}

test("a header is decoded", () => {
  const headers: unknown[] = [];
  const { tokenizer } = listen(DEFAULT_XML_LIMITS, { streamOpen: (header) => headers.push(header) });
  tokenizer.write(
    `<?xml version="1.0" encoding='UTF-8'?>\n<s:stream from='a' to="b&amp;c" id='1' version='1.0' xml:lang='en' xmlns='jabber:server' xmlns:db='jabber:server:dialback' xmlns:s='http://etherx.jabber.org/streams'>`,
  );
  expect(headers).toEqual([
    expect.objectContaining({
      prefix: "s",
      name: "stream",
      defaultNamespace: "jabber:server",
      from: "a",
      to: "b&c",
      id: "1",
      version: "1.0",
      lang: "en",
      prefixes: new Map([
        ["db", "jabber:server:dialback"],
        ["s", "http://etherx.jabber.org/streams"],
      ]),
    }),
  ]);
});

test("children, keep-alives and the close are told in order, and nothing after the close", () => {
  expect(tell(`${HEADER}<a/> <b xmlns='u:b'></b>`, "\n\n", "</stream:stream>", "<a/>")).toEqual([
    "open a.example",
    "a jabber:client",
    "space",
    "b u:b",
    "space",
    "close",
  ]);
});

test.each([
  // RFC 6120 §11.1
  ["comment", "<a><!-- --></a>", "restricted-xml"],
  ["comment between elements", "<!-- -->", "restricted-xml"],
  ["processing instruction", "<a><?php ?></a>", "restricted-xml"],
  ["DTD", "<!DOCTYPE a>", "restricted-xml"],
  ["entity declaration", "<a><!ENTITY x 'y'></a>", "restricted-xml"],
  ["entity of a DTD", "<a>&lol;</a>", "restricted-xml"],
  // XML 1.0
  ["mismatched tag", "<a><b></a></b>", "not-well-formed"],
  ["NUL", "<a>\0</a>", "not-well-formed"],
  ["control character in a value", "<a b='\u0001'/>", "not-well-formed"],
  ["U+FFFE", "<a>\ufffe</a>", "not-well-formed"],
  ["lone high surrogate", "<a>\ud800x</a>", "not-well-formed"],
  ["lone low surrogate", "<a>\udc00</a>", "not-well-formed"],
  ["lone surrogate in a name", "<a\udc00/>", "not-well-formed"],
  ["character reference to NUL", "<a>&#0;</a>", "not-well-formed"],
  ["character reference beyond Unicode", "<a>&#x110000;</a>", "not-well-formed"],
  ["bare ampersand", "<a>a & b</a>", "not-well-formed"],
  ["]]> in text", "<a>]]></a>", "not-well-formed"],
  ["< in a value", "<a b='<'/>", "not-well-formed"],
  ["value without quotes", "<a b=c/>", "not-well-formed"],
  ["attribute without value", "<a b/>", "not-well-formed"],
  ["attributes without space", "<a b='1'c='2'/>", "not-well-formed"],
  ["duplicate attribute", "<a b='1' b='2'/>", "not-well-formed"],
  ["name beginning with a digit", "<1a/>", "not-well-formed"],
  ["space after <", "< a/>", "not-well-formed"],
  ["misspelt CDATA", "<a><![cdata[]]></a>", "not-well-formed"],
  // Namespaces in XML 1.0
  ["unbound prefix", "<p:a/>", "not-well-formed"],
  ["unbound prefix of an attribute", "<a p:b='1'/>", "not-well-formed"],
  ["prefix out of scope", "<a><b xmlns:p='u'/><p:c/></a>", "not-well-formed"],
  ["duplicate expanded name", "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", "not-well-formed"],
  ["undeclared prefix", "<a xmlns:p=''/>", "not-well-formed"],
  ["xmlns as prefix", "<xmlns:a/>", "not-well-formed"],
  ["xml bound to another namespace", "<a xmlns:xml='u'/>", "not-well-formed"],
  ["two colons", "<a:b:c/>", "not-well-formed"],
  // RFC 6120 §4.9.3.1
  ["text between elements", "hello", "bad-format"],
  ["CDATA between elements", "<![CDATA[x]]>", "bad-format"],
])("%s is refused", (_name, text, condition) => {
  expect(tell(HEADER, text, "<a/>")).toEqual(["open a.example", condition]);
  expect(tell(HEADER, ...text, "<a/>")).toEqual(["open a.example", condition]);
});

test.each([
  ["text", "GET / HTTP/1.1", "not-well-formed"],
  ["a TLS record", "\u0016\u0003\u0001", "not-well-formed"],
  ["an end tag", "</stream:stream>", "not-well-formed"],
  ["a DTD", "<!DOCTYPE stream>", "restricted-xml"],
  ["a comment", "<!-- -->", "restricted-xml"],
  ["a processing instruction", "<?php ?>", "restricted-xml"],
  ["a declaration after white space", " <?xml version='1.0'?>", "not-well-formed"],
  ["two declarations", "<?xml version='1.0'?><?xml version='1.0'?>", "not-well-formed"],
  ["XML 1.1", "<?xml version='1.1'?>", "not-well-formed"],
  ["another encoding", "<?xml version='1.0' encoding='ISO-8859-1'?>", "unsupported-encoding"],
  ["an endless declaration", `<?xml${" ".repeat(300)}`, "restricted-xml"],
  ["no stream namespace", "<stream xmlns='jabber:client'>", "invalid-namespace"],
  ["a wrong stream namespace", "<stream:stream xmlns:stream='urn:x'>", "invalid-namespace"],
  ["no stream", "<stream:foo xmlns:stream='http://etherx.jabber.org/streams'>", "bad-format"],
  ["an unbound prefix", "<stream:stream xmlns='jabber:client'>", "not-well-formed"],
  ["an empty stream", `${HEADER.slice(0, -1)}/>`, "bad-format"],
])("at the start, %s is refused", (_name, text, condition) => {
  expect(tell(text, HEADER)).toEqual([condition]);
  expect(tell(...text, HEADER)).toEqual([condition]);
});

test("a refused header can be answered", () => {
  const { tokenizer } = listen();
  tokenizer.write("<stream:stream to='a' from='b' xmlns:stream='urn:x'>");
  expect(tokenizer.refusedHeader).toMatchObject({ to: "a", from: "b", xmlns: "urn:x" });
});

test("a pair of surrogates may be split", () => {
  expect(tell(HEADER, "<a>\ud83d", "\ude00</a>")).toEqual(["open a.example", "a jabber:client"]);
});

test("what comes after a restart in the same text belongs to the new stream", () => {
  const { log, tokenizer } = listen(DEFAULT_XML_LIMITS, {
    element(raw) {
      if (raw.name === "auth") tokenizer.reset();
    },
  });
  tokenizer.write(`${HEADER}<auth/>\n<?xml version='1.0'?>${HEADER}<iq/>`);
  expect(log).toEqual(["open a.example", "auth jabber:client", "open a.example", "iq jabber:client"]);
});

test("what a peer sends in clear behind starttls can be forgotten", () => {
  const { log, tokenizer } = listen(DEFAULT_XML_LIMITS, {
    element(raw) {
      if (raw.name !== "starttls") return;
      tokenizer.discard();
      tokenizer.reset();
    },
  });
  tokenizer.write(`${HEADER}<starttls/>${HEADER}<auth/>`);
  tokenizer.write(HEADER);
  expect(log).toEqual(["open a.example", "starttls jabber:client", "open a.example"]);
});

test("a pause holds back the rest of the text and what comes later, in order", () => {
  const { log, tokenizer } = listen(DEFAULT_XML_LIMITS, {
    element(raw) {
      if (raw.name === "b") tokenizer.pause();
    },
  });
  tokenizer.write(`${HEADER}<a/><b/><c>\u{1f600}</c><d>\ud83d`);
  tokenizer.write("\ude00</d>");
  expect(log).toEqual(["open a.example", "a jabber:client", "b jabber:client"]);
  expect(tokenizer.backlog).toBe(18);
  tokenizer.resume();
  expect(log.slice(3)).toEqual(["c jabber:client", "d jabber:client"]);
  expect(tokenizer.backlog).toBe(0);
});

test("writing and resuming within an event keep the order", () => {
  const { log, tokenizer } = listen(DEFAULT_XML_LIMITS, {
    element(raw) {
      if (raw.name !== "a") return;
      tokenizer.pause();
      tokenizer.write("<c/>");
      tokenizer.resume();
    },
  });
  tokenizer.write(`${HEADER}<a/><b/>`);
  expect(log).toEqual(["open a.example", "a jabber:client", "b jabber:client", "c jabber:client"]);
});

test("stop ends all events, even those of the text in hand", () => {
  const { log, tokenizer } = listen(DEFAULT_XML_LIMITS, { element: () => tokenizer.stop() });
  tokenizer.write(`${HEADER}<a/><b/>`);
  tokenizer.write("<c/>");
  expect(log).toEqual(["open a.example", "a jabber:client"]);
});

test("an event that throws loses nothing", () => {
  const { log, tokenizer } = listen(DEFAULT_XML_LIMITS, {
    element(raw) {
      if (raw.name === "a") throw new Error("handler");
    },
  });
  expect(() => tokenizer.write(`${HEADER}<a/><b/>`)).toThrow("handler");
  tokenizer.resume();
  expect(log).toEqual(["open a.example", "a jabber:client", "b jabber:client"]);
});
