// Tests of stanzas as text: what comes out is what went in, and is written again as it came.
import { expect, test } from "@jest/globals";
import { arrivalOf, noteArrival } from "../../../xmpp/stanza/arrival.ts";
import { stanzaOfOwnText } from "../../../xmpp/stanza/own-text.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { takersKey } from "../../delivery/takers.ts";
import { givesBack, isGivenBack } from "../../delivery/waiting-errors.ts";
import { stanzaFields } from "./stanza-codec.ts";
import { areTextFields, stanzaOfTextFields, textFields } from "./stanza-text.ts";

const SESSION = "juliet@verona.test/balcony";

function roundTrip(stanza: Stanza): Stanza {
  const fields = textFields(stanza, SESSION) as string[];
  expect(areTextFields(fields)).toBe(true);
  return stanzaOfTextFields(fields);
}

const START_TAGS = [
  "<message",
  "<presence",
  "<iq",
  "<message from='romeo@verona.test/a'",
  "<message to='juliet@verona.test'",
  "<message from='verona.test' to='juliet@verona.test/balcony' id='1' type='chat' xml:lang='it'",
  "<message from='d\\27artagnan@verona.test/a&apos;b&amp;&lt;&gt;c' id='&apos;&gt;/&gt; to=&apos;' type=''",
  "<message type='no type' xml:lang=''",
  "<message id='1' xmlns:q='urn:q' q:to='x&gt;' q:id='y'",
  "<presence type='unavailable' xml:lang='de' xmlns:q='urn:q'",
  "<message id='é✓😀&#10;'",
];
const CONTENTS = [
  "/>",
  "><body>hark</body></KIND>",
  "><body xmlns='jabber:client'>'é' > \"/&gt;</body><x xmlns='urn:x' a='>'/><q xmlns=''/></KIND>",
  `>${"<x xmlns='urn:x'/>".repeat(16)}</KIND>`,
];

test.each(START_TAGS.flatMap((tag) => CONTENTS.map((content) => [tag, content])))("%s%s", (tag, content) => {
  const kind = /^<(\w+)/.exec(tag)?.[1] ?? "";
  const stanza = Stanza.fromText(tag + content.replace("KIND", kind));
  const written = stanza.text();
  const back = roundTrip(stanza);
  const parts = ({ kind, from, to, id, type, lang, extra, tail, children, size }: Stanza) =>
    [kind, from?.full, to?.full, id, type, lang, extra, tail, children, size] as const;
  expect(parts(back)).toEqual(parts(stanza));
  expect(back.text()).toBe(written);
  expect(back.framed()).toBe(stanza.framed());
  expect(back.element().toString()).toBe(stanza.element().toString());
  back.detach();
  expect(back.text()).toBe(written);
  const [from, to] = [back.to, back.from];
  expect(back.withAddresses(from, to).text()).toBe(stanza.withAddresses(from, to).text());
});

test("whose session it is for is told where its `to` does not", () => {
  const message = Stanza.fromText(`<message to='${SESSION}'/>`);
  expect(textFields(message, SESSION)?.[0]).toBe("");
  expect(textFields(Stanza.fromText("<message to='juliet@verona.test'/>"), SESSION)?.[0]).toBe(SESSION);
  expect(textFields(Stanza.fromText("<message/>"), SESSION)?.[0]).toBe(SESSION);
});

test("when it arrived, who else takes it and that it gives back are told", () => {
  const message = Stanza.fromText(`<message to='${SESSION}'/>`);
  expect(arrivalOf(roundTrip(message))).toBeUndefined();
  noteArrival(message, 17);
  message.setNote(takersKey, ["a@b/c", "d@e/f"]);
  expect(arrivalOf(roundTrip(message))).toBe(17);
  expect(roundTrip(message).note(takersKey)).toEqual(["a@b/c", "d@e/f"]);
  const error = Stanza.fromText(`<message to='${SESSION}' type='error'/>`);
  expect(isGivenBack(roundTrip(error))).toBe(false);
  givesBack(error, undefined);
  expect(isGivenBack(roundTrip(error))).toBe(true);
});

test("one of many children, or of a long namespace, goes as fields, which do not repeat it", () => {
  const many = Stanza.fromText(`<message>${"<x xmlns='u'/>".repeat(17)}</message>`);
  const long = Stanza.fromText(`<message><x xmlns='${"u".repeat(300)}'/></message>`);
  for (const stanza of [many, long]) {
    expect(textFields(stanza, SESSION)).toBeUndefined();
    expect(areTextFields([SESSION, ...stanzaFields(stanza)])).toBe(false);
  }
  expect(areTextFields([SESSION, ...stanzaFields(Stanza.fromText("<message/>"))])).toBe(false);
});

test.each(["", "<", "<message", "<message id='1", "<stream>", "hark", "<message id='1'"])(
  "%j was never written by us",
  (text) => {
    expect(() => stanzaOfOwnText(text, [])).toThrow();
  },
);
