// Tests of stanzas: what came in goes out with the same meaning, under either content namespace and in frames.
import { expect, test } from "@jest/globals";
import { Element } from "ltx";
import { Jid } from "../jid/jid.ts";
import { NS_CLIENT, NS_SERVER } from "../xml/namespaces.ts";
import type { RawElement } from "../xml/raw-element.ts";
import { DEFAULT_XML_LIMITS, StreamTokenizer } from "../xml/tokenizer.ts";
import { parseElement } from "../xml/tree.ts";
import { NoteKey, Stanza } from "./stanza.ts";

const FROM = Jid.parse("romeo@example.net/orchard");
const TO = Jid.parse("juliet@example.com");

/** The element as it comes on a stream whose header declares a few prefixes. */
function receive(text: string, contentNamespace = NS_CLIENT): RawElement {
  let found: RawElement | undefined;
  const tokenizer = new StreamTokenizer(
    {
      streamOpen() {},
      element(raw) {
        found = raw;
      },
      streamClose() {},
      whitespace() {},
      error(condition, why) {
        throw new Error(`${condition}: ${why}`);
      },
    },
    DEFAULT_XML_LIMITS,
  );
  tokenizer.write(
    `<stream:stream xmlns='${contentNamespace}' xmlns:stream='http://etherx.jabber.org/streams' xmlns:c='${contentNamespace}' xmlns:p='urn:p'>`,
  );
  tokenizer.write(text);
  if (found === undefined) throw new Error("no element");
  return found;
}

/** The text of the stanza that the element is, as written on another stream. */
function forward(text: string): string {
  return Stanza.fromRaw(receive(text), FROM, TO).text();
}

test("a stanza that nobody looks into goes on as it came, its addresses stamped", () => {
  expect(forward("<message to='x' from='y' id='1' type='chat' xml:lang='en'><body>a &lt; b</body ></message>")).toBe(
    "<message from='romeo@example.net/orchard' to='juliet@example.com' id='1' type='chat' xml:lang='en'><body>a &lt; b</body ></message>",
  );
  expect(forward("<presence/>")).toBe("<presence from='romeo@example.net/orchard' to='juliet@example.com'/>");
});

test("further attributes and declarations are kept", () => {
  const stanza = Stanza.fromRaw(
    receive("<iq id='1' xmlns:q='urn:q' q:a='&apos;&lt;&#10;' __proto__='x'><q:b/></iq>"),
    FROM,
    TO,
  );
  expect(stanza.text()).toBe(
    "<iq from='romeo@example.net/orchard' to='juliet@example.com' id='1' xmlns:q='urn:q' q:a='&apos;&lt;&#10;' __proto__='x'><q:b/></iq>",
  );
  const tree = stanza.element();
  expect(tree.getAttr("a", "urn:q")).toBe("'<\n");
  expect(Object.entries(tree.attrs)).toContainEqual(["__proto__", "x"]);
  expect(stanza.child("urn:q", "b")?.getNS()).toBe("urn:q");
});

test.each([
  ["<message><body>hi</body></message>"],
  ["<c:message><c:body>hi</c:body></c:message>"],
  ["<k:message xmlns:k='jabber:client'><k:body>hi</k:body></k:message>"],
  ["<message xmlns='jabber:client'><body xmlns='jabber:client'>hi</body></message>"],
  ["<message><c:body>hi</c:body></message>"],
  ["<c:message xmlns='urn:other'><c:body>hi</c:body></c:message>"],
])("%s means the same under either content namespace", (text) => {
  const stanza = Stanza.fromRaw(receive(text), FROM, TO);
  expect(stanza.kind).toBe("message");
  expect(stanza.children).toEqual([{ name: "body", xmlns: NS_CLIENT }]);
  expect(stanza.has(NS_CLIENT, "body")).toBe(true);
  expect(stanza.child(NS_CLIENT, "body")?.getText()).toBe("hi");
  for (const contentNamespace of [NS_CLIENT, NS_SERVER]) {
    const again = receive(stanza.text(), contentNamespace);
    expect([again.name, again.xmlns]).toEqual(["message", contentNamespace]);
    expect(again.children).toEqual([{ name: "body", xmlns: contentNamespace }]);
    expect(again.verbatim).toBe(true);
  }
  const frame = parseElement(stanza.framed());
  expect(frame.is("message", NS_CLIENT)).toBe(true);
  expect(frame.getChildText("body", NS_CLIENT)).toBe("hi");
});

test("content of other namespaces keeps them, whatever prefixes and undeclarations it is written with", () => {
  const text =
    "<c:message xmlns='urn:d'><x/><p:y p:a='1'><c:z/><n xmlns=''/></p:y><c:forwarded xmlns:c='urn:f'><message xmlns='jabber:client'/></c:forwarded></c:message>";
  const stanza = Stanza.fromRaw(receive(text), FROM, TO);
  for (const written of [stanza.framed(), `<r xmlns='jabber:client'>${stanza.text()}</r>`]) {
    const tree = parseElement(written);
    const message = tree.is("message") ? tree : (tree.getChild("message") as Element);
    expect(message.getChild("x")?.getNS()).toBe("urn:d");
    const y = message.getChild("y", "urn:p");
    expect(y?.getAttr("a", "urn:p")).toBe("1");
    expect(y?.getChild("z")?.getNS()).toBe(NS_CLIENT);
    expect(y?.getChild("n")?.getNS()).toBe("");
    expect(message.getChild("forwarded", "urn:f")?.getChild("message")?.getNS()).toBe(NS_CLIENT);
  }
  expect(stanza.children.map(({ xmlns }) => xmlns)).toEqual(["urn:d", "urn:p", "urn:f"]);
});

test("text is escaped again as it was, and grows nowhere", () => {
  const body = "&amp;&lt;>\"'&#13;\n\t]]&gt;\u{1f600}";
  const stanza = Stanza.fromRaw(
    receive(`<c:message id='&quot;&apos;&amp;&#9;'><c:body>${body}</c:body></c:message>`),
    FROM,
    TO,
  );
  expect(stanza.id).toBe("\"'&\t");
  expect(stanza.text()).toContain(`<body>${body}</body>`);
  const again = receive(stanza.text());
  expect(again.attr("id")).toBe("\"'&\t");
  expect(again.toElement().getChildText("body")).toBe("&<>\"'\r\n\t]]>\u{1f600}");
});

test("a tree made here becomes a stanza", () => {
  const element = new Element("message", { xmlns: NS_SERVER, to: "Juliet@example.com", id: "<", type: "chat" });
  element.c("body").t("a < b");
  element.c("x", { xmlns: "urn:x", n: "1" });
  const stanza = Stanza.fromElement(element);
  expect(stanza.to?.full).toBe("juliet@example.com");
  expect(stanza.text()).toBe(
    "<message to='juliet@example.com' id='&lt;' type='chat'><body>a &lt; b</body><x xmlns='urn:x' n='1'/></message>",
  );
  expect(stanza.children).toEqual([
    { name: "body", xmlns: NS_CLIENT },
    { name: "x", xmlns: "urn:x" },
  ]);
  expect(Stanza.fromElement(new Element("presence")).text()).toBe("<presence/>");
});

test("content of a server's stream is found as that of a client's", () => {
  for (const text of [
    "<message><body>hi</body><x xmlns='u'/></message>",
    "<c:message><c:body>hi</c:body><x xmlns='u'/></c:message>",
  ]) {
    const stanza = Stanza.fromRaw(receive(text, NS_SERVER), FROM, TO);
    expect(stanza.children).toEqual([
      { name: "body", xmlns: NS_CLIENT },
      { name: "x", xmlns: "u" },
    ]);
    expect(stanza.child(NS_CLIENT, "body")?.getText()).toBe("hi");
    expect(parseElement(stanza.framed()).getChildText("body", NS_CLIENT)).toBe("hi");
  }
});

test("a stanza without xml:lang has the one of its stream, RFC 6120 §4.7.4", () => {
  expect(Stanza.fromRaw(receive("<message/>"), FROM, TO, "it").text()).toContain("xml:lang='it'");
  expect(Stanza.fromRaw(receive("<message xml:lang='en'/>"), FROM, TO, "it").text()).toContain("xml:lang='en'");
});

test("other addresses change nothing else, and keep the notes", () => {
  const key = new NoteKey<number>("test");
  const stanza = Stanza.fromRaw(
    receive("<message id='1' type='chat' xmlns:q='urn:q' q:a='1'><q:b/></message>"),
    FROM,
    TO,
  );
  stanza.setNote(key, 7);
  const other = stanza.withAddresses(undefined, FROM);
  expect(other.text()).toBe(
    "<message to='romeo@example.net/orchard' id='1' type='chat' xmlns:q='urn:q' q:a='1'><q:b/></message>",
  );
  expect(other.note(key)).toBe(7);
  expect(other.element().attrs.from).toBeUndefined();
  expect(stanza.text()).toContain("from='romeo@example.net/orchard'");
});

test("the tree is built once, and asking for what is absent builds none", () => {
  const stanza = Stanza.fromRaw(receive("<message><body/></message>"), FROM, TO);
  expect(stanza.child("urn:none", "x")).toBeUndefined();
  expect(stanza.element()).toBe(stanza.element());
  expect(stanza.element().attrs).toMatchObject({ xmlns: NS_CLIENT, from: FROM.full, to: TO.full });
});

test("text that is written anew does not grow: what was small enough to come in is so to go out", () => {
  const body = ">".repeat(261_894);
  const stanza = Stanza.fromRaw(receive(`<message><body xmlns='jabber:client'>${body}</body></message>`), FROM, TO);
  expect(stanza.flaw).toBeUndefined();
  expect(stanza.text().length).toBeLessThan(262_144 + 200);
  expect(stanza.size).toBe(stanza.text().length);
});

test.each([
  ["CDATA", `<message><c:body><![CDATA[${"<".repeat(5000)}]]></c:body></message>`],
  ["apostrophes of a value", `<message><c:body x="${"'".repeat(5000)}"/></message>`],
  ["apostrophes of the stanza's id", `<message id="${"'".repeat(5000)}"/>`],
  [
    "a namespace that many take from their parent",
    `<m:message xmlns:m='jabber:client' xmlns:p='${"u".repeat(900)}'>${"<p:a/>".repeat(90)}</m:message>`,
  ],
])("%s that would be longer once written than a stanza may be is a flaw", (_name, text) => {
  const raw = receive(text);
  expect(Stanza.fromRaw(raw, FROM, TO, undefined, 10_000).flaw).toBe("too long once it is written");
  expect(Stanza.fromRaw(raw, FROM, TO).flaw).toBe(undefined);
});

test("writing stops once it is too long, however much there would be", () => {
  const text = `<m:message xmlns:m='jabber:client' xmlns:p='${"u".repeat(9000)}'>${"<p:a/>".repeat(25_000)}</m:message>`;
  const stanza = Stanza.fromRaw(receive(text), FROM, TO, undefined, 300_000);
  expect(stanza.flaw).toBe("too long once it is written");
  expect(stanza.size).toBeLessThan(320_000);
});

test("the size of a stanza is that of all of its text, its language included", () => {
  const stanza = Stanza.fromRaw(receive("<message id='1'><body>x</body></message>"), FROM, TO, "x".repeat(1000));
  expect(stanza.size).toBe(stanza.text().length);
  expect(stanza.withAddresses(undefined, TO).size).toBe(stanza.size - ` from='${FROM.full}'`.length);
});

test("the stream's language holds for a stanza with a prefix too", () => {
  expect(Stanza.fromRaw(receive("<c:message><c:body/></c:message>"), FROM, TO, "it").text()).toContain("xml:lang='it'");
});

test.each(["jabber:server", "jabber:component:accept", "jabber:client"])(
  "content by a prefix for %s goes out as content, and the declaration does not",
  (namespace) => {
    const texts = [
      "<message xmlns:x='{ns}'><x:body>hi</x:body><y xmlns='u' x:a='1'/></message>",
      "<message><x:body xmlns:x='{ns}'>hi</x:body><y xmlns='u'/></message>",
      "<message><body xmlns='{ns}'>hi</body><y xmlns='u'/></message>",
      "<x:message xmlns:x='{ns}' x:b='2'><x:body>hi</x:body><y xmlns='u' xmlns:x='{ns}'/></x:message>",
    ];
    for (const text of texts) {
      const stanza = Stanza.fromRaw(receive(text.replaceAll("{ns}", namespace), namespace), FROM, TO);
      expect(stanza.text()).toContain(`'><body>hi</body><y xmlns='u'/></message>`);
      expect(stanza.has(NS_CLIENT, "body")).toBe(true);
    }
  },
);
