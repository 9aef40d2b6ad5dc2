// Tests of JIDs: RFC 7622 §3.5's tables, preparation, comparison, the cache.
import { expect, test } from "@jest/globals";
import { Jid, JidError } from "./jid.ts";

test.each([
  // RFC 7622 §3.5, table 1
  ["juliet@example.com", "juliet", "example.com", ""],
  ["juliet@example.com/foo", "juliet", "example.com", "foo"],
  ["juliet@example.com/foo bar", "juliet", "example.com", "foo bar"],
  ["juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar"],
  ["foo\\20bar@example.com", "foo\\20bar", "example.com", ""],
  ["fussball@example.com", "fussball", "example.com", ""],
  ["fu\u00dfball@example.com", "fu\u00dfball", "example.com", ""],
  ["\u03c0@example.com", "\u03c0", "example.com", ""],
  ["\u03a3@example.com/foo", "\u03c3", "example.com", "foo"],
  ["\u03c3@example.com/foo", "\u03c3", "example.com", "foo"],
  ["\u03c2@example.com/foo", "\u03c2", "example.com", "foo"],
  ["king@example.com/\u265a", "king", "example.com", "\u265a"],
  ["example.com", "", "example.com", ""],
  ["example.com/foobar", "", "example.com", "foobar"],
  ["a.example.com/b@example.net", "", "a.example.com", "b@example.net"],
  // Case, width and normalisation
  ["JULIET@EXAMPLE.com/Foo", "juliet", "example.com", "Foo"],
  ["\uff4auliet@example\uff0ecom", "juliet", "example.com", ""],
  ["e\u0301@e\u0301.example/e\u0301", "\u00e9", "\u00e9.example", "\u00e9"],
  ["a@b/x\u3000y", "a", "b", "x y"],
  ["a@b/ ", "a", "b", " "],
  ["a@b//", "a", "b", "/"],
  ["a@example.com.", "a", "example.com", ""],
  ["a@xn--fa-hia.example", "a", "fa\u00df.example", ""],
  ["a@192.0.2.1", "a", "192.0.2.1", ""],
  ["a@[2001:DB8:0::1]/x", "a", "[2001:db8::1]", "x"],
  ["constructor@localhost/__proto__", "constructor", "localhost", "__proto__"],
])("%s is a JID", (text, local, domain, resource) => {
  const jid = Jid.parse(text);
  expect([jid.local, jid.domain, jid.resource]).toEqual([local, domain, resource]);
  expect(Jid.parse(jid.full).full).toBe(jid.full);
});

test.each([
  // RFC 7622 §3.5, table 2
  ['"juliet"@example.com', "quotation mark"],
  ["foo bar@example.com", "space in the localpart"],
  ["@example.com/", "empty localpart and resourcepart"],
  ["henry\u2163@example.com", "Roman numeral four, HasCompat"],
  ["\u265a@example.com", "symbol in the localpart"],
  ["juliet@", "no domainpart"],
  ["/foobar", "no domainpart"],
  // and more
  ["", "nothing"],
  ["@example.com", "empty localpart"],
  ["juliet@example.com/", "empty resourcepart"],
  ["a@b@c", "two @ in front of the resourcepart"],
  ["a\uff20b@example.com", "full-width @ in the localpart"],
  ["a@exam\uff20ple.com", "full-width @ in the domainpart"],
  ["a@exam\uff0fple.com", "full-width / in the domainpart"],
  ["a&b@example.com", "ampersand"],
  ["a:b@example.com", "colon"],
  ["a<b@example.com", "less-than sign"],
  ["a\0@example.com", "control character"],
  ["a@b/\u0007", "control character"],
  ["a@b/\u200b", "zero-width space, default ignorable"],
  ["a@b/\u{e0001}", "tag, default ignorable"],
  ["a@b/\ufdd0", "noncharacter"],
  ["a@b/\ud800", "lone surrogate"],
  ["a\u0378@b", "unassigned"],
  ["a@-b.example", "hyphen at an end"],
  ["a@b-.example", "hyphen at an end"],
  ["a@b..example", "empty label"],
  ["a@.", "empty label"],
  ["a@b_c.example", "underscore, no LDH label"],
  ["a@b c", "space in the domainpart"],
  [`a@${"b".repeat(64)}.example`, "label of more than 63 bytes"],
  [`a@${"\u00fc".repeat(58)}.example`, "A-label of more than 63 bytes"],
  [`a@${"b.".repeat(200)}example`, "name of more than 253 bytes"],
  ["a@xn--a.example", "A-label of nothing allowed"],
  ["a@xn--\u00fc.example", "no A-label"],
  ["a@\u2603.example", "symbol, not allowed by IDNA2008"],
  ["a@1\u05d0.example", "against the Bidi rule"],
  ["a@[2001:db8::1", "IPv6 literal without end"],
  ["a@[fe80::1%eth0]", "IPv6 literal with zone"],
  ["a@[192.0.2.1]", "no IPv6 literal"],
])("%j is none: %s", (text) => {
  expect(() => Jid.parse(text)).toThrow(JidError);
  expect(Jid.tryParse(text)).toBeUndefined();
});

test("each part has 1023 bytes at most, RFC 7622 §3.3 and §3.4", () => {
  const most = "a".repeat(1023);
  expect(Jid.parse(`${most}@b/${most}`).full).toHaveLength(2049);
  expect(() => Jid.parse(`${most}a@b`)).toThrow("1 to 1023 bytes");
  expect(() => Jid.parse(`a@b/${most}a`)).toThrow("1 to 1023 bytes");
  expect(() => Jid.parse(`a@b/${"\u20ac".repeat(342)}`)).toThrow("1 to 1023 bytes");
  expect(Jid.parse(`a@b/${"\u20ac".repeat(341)}`).resource).toHaveLength(341);
  expect(() => Jid.parse("a".repeat(1_000_000))).toThrow(JidError);
});

test("bare JIDs and other resources", () => {
  const jid = Jid.parse("Romeo@Example.net/Orchard");
  expect(jid.toString()).toBe("romeo@example.net/Orchard");
  expect(jid.bare).toBe("romeo@example.net");
  expect(jid.toBare()).toBe(jid.toBare());
  expect(jid.toBare().isBare).toBe(true);
  expect(jid.toBare().toBare()).toBe(jid.toBare());
  expect(jid.withResource("x").full).toBe("romeo@example.net/x");
  expect(Jid.of("A", "B.example", "C").full).toBe("a@b.example/C");
  expect(Jid.of("", "b").full).toBe("b");
});

test("a JID in use stays cached through a flood of others", () => {
  const text = "romeo@example.net/orchard";
  const jid = Jid.parse(text);
  for (let k = 0; k < 50_000; k++) {
    Jid.parse(`u${k}@example.net/some-resource`);
    if (k % 5_000 === 0) expect(Jid.parse(text)).toBe(jid);
  }
  for (let k = 0; k < 20_000; k++) Jid.parse(`v${k}@example.net/some-resource`);
  expect(Jid.parse(text)).not.toBe(jid);
  expect(Jid.parse(text)).toBe(Jid.parse(text));
});

test("long texts are not kept", () => {
  const text = `a@b/${"x".repeat(300)}`;
  expect(Jid.parse(text)).not.toBe(Jid.parse(text));
  expect(Jid.parse(text).full).toBe(text);
});
