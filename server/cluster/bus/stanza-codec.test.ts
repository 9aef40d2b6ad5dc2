// Tests of stanzas as fields: what comes out is what went in, and no longer than it.
import { expect, test } from "@jest/globals";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { givesBack, isGivenBack } from "../../delivery/waiting-errors.ts";
import { stanzaFields, stanzaOfFields } from "./stanza-codec.ts";

const HEAD = "<message xmlns='jabber:client' from='romeo@verona.test/a' to='juliet@verona.test'";

function roundTrip(text: string): { readonly length: number; readonly stanza: Stanza; readonly back: Stanza } {
  const stanza = Stanza.fromText(text);
  const fields = stanzaFields(stanza);
  return { length: fields.join("").length, stanza, back: stanzaOfFields(fields) };
}

test("one long declaration that holds for many children is written once", () => {
  const long = "y".repeat(10_000);
  const { length, stanza, back } = roundTrip(
    `${HEAD}><x xmlns='${long}z'/>${`<x xmlns='${long}'/>`.repeat(20)}</message>`,
  );
  expect(length).toBeLessThan(stanza.size + 2 * (long.length + 100));
  expect(back.children).toEqual(stanza.children);
  expect(back.text()).toBe(stanza.text());
});

test("a prefix declared once does not add up", () => {
  const long = "y".repeat(10_000);
  const { length, stanza, back } = roundTrip(`${HEAD} xmlns:q='${long}'>${"<q:a/>".repeat(5_000)}</message>`);
  expect(length).toBeLessThan(3 * stanza.size);
  expect(back.children).toEqual(stanza.children);
});

test("short namespaces, none, and long ones in between keep their children", () => {
  const a = `urn:example:${"a".repeat(40)}`;
  const b = `urn:example:${"b".repeat(40)}`;
  const children = [a, "", "u", b, a, b, "u", a].map((xmlns) => `<x xmlns='${xmlns}'/>`).join("");
  const { stanza, back } = roundTrip(`${HEAD}>${children}</message>`);
  expect(back.children).toEqual(stanza.children);
  expect(back.has(b, "x")).toBe(true);
});

test("what gives back is told apart from what others send. RFC 6120 §8.3.1", () => {
  const error = Stanza.fromText(`${HEAD} type='error'><x xmlns='u'/></message>`);
  expect(isGivenBack(stanzaOfFields(stanzaFields(error)))).toBe(false);
  givesBack(error, undefined);
  const back = stanzaOfFields(stanzaFields(error));
  expect(isGivenBack(back)).toBe(true);
  expect(back.text()).toBe(error.text());
});
