// Tests of the PRECIS profiles: the tables of RFC 8265, the derived property, contextual rules, the Bidi rule.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type DerivedProperty, derivedProperty } from "./derived-property.ts";
import { enforceOpaqueString, enforceUsernameCaseMapped } from "./precis.ts";

test.each([
  // RFC 8265 §3.5, table 1 (for one userpart)
  ["juliet@example.com", "juliet@example.com"],
  ["fussball", "fussball"],
  ["fu\u00dfball", "fu\u00dfball"],
  ["\u03c0", "\u03c0"],
  ["\u03a3", "\u03c3"],
  ["\u03c3", "\u03c3"],
  ["\u03c2", "\u03c2"],
  // Width, then case, then NFC: RFC 8265 §3.3.2
  ["\uff28\uff45\uff4e\uff52\uff59", "henry"],
  ["\uff76\uff9e", "\u30ac"],
  ["\u00c5ngstr\u00f6m", "\u00e5ngstr\u00f6m"],
  ["A\u030angstrom", "\u00e5ngstrom"],
  ["\u0130", "i\u0307"],
  ["\u1e9e", "\u00df"],
  // Right-to-left, RFC 5893 §2
  ["\u05d0\u05d1\u05d2", "\u05d0\u05d1\u05d2"],
  ["\u05d0\u05d1\u05d21", "\u05d0\u05d1\u05d21"],
  ["\u05d0.\u05d1", "\u05d0.\u05d1"],
  ["\u0627\u0663", "\u0627\u0663"],
  // Contextual rules, RFC 5892 appendix A
  ["\u0646\u0627\u0645\u0647\u200c\u0627\u06cc", "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc"],
  ["\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"],
  ["\u0915\u094d\u200c\u0937", "\u0915\u094d\u200c\u0937"],
  ["l\u00b7l", "l\u00b7l"],
  ["\u0375\u03b1", "\u0375\u03b1"],
  ["\u05d0\u05f3", "\u05d0\u05f3"],
  ["\u30a2\u30fb\u30a2", "\u30a2\u30fb\u30a2"],
])("UsernameCaseMapped makes of %j %j", (text, prepared) => {
  expect(enforceUsernameCaseMapped(text)).toBe(prepared);
});

test.each([
  // RFC 8265 §3.5, table 2
  ["foo bar", "space"],
  ["", "zero length"],
  ["henry\u2163", "HasCompat"],
  ["\u265a", "symbol"],
  // and more
  ["\u01c5", undefined],
  ["\u00b2", "HasCompat"],
  ["\u00ad", "soft hyphen"],
  ["\ufeff", "byte order mark"],
  ["\u1100", "old Hangul jamo"],
  ["\u0640", "tatweel, exception"],
  ["\u302e", "exception"],
  ["\u{1f600}", "symbol"],
  ["\u2028", "line separator"],
  ["\u{10ffff}", "noncharacter"],
  ["\u{f0000}", "private use"],
  ["1\u05d0", "Bidi rule 1"],
  ["-\u05d0", "Bidi rule 1"],
  ["\u05d0a", "Bidi rule 2"],
  ["\u05d0-", "Bidi rule 3"],
  ["\u06271\u0663", "Bidi rule 4"],
  ["a\u05d0", "Bidi rule 5"],
  ["a\u200db", "joiner without virama"],
  ["\u200d", "joiner alone"],
  ["a\u200cb", "non-joiner between letters that do not join"],
  ["\u0627\u200c\u0628", "non-joiner after a letter that does not join to its left"],
  ["a\u00b7l", "middle dot not between l"],
  ["l\u00b7", "middle dot not between l"],
  ["\u0375a", "keraia before no Greek"],
  ["a\u05f3", "geresh after no Hebrew"],
  ["a\u30fb", "middle dot without kana"],
  ["\u0627\u0660\u06f0", "two kinds of Arabic digits"],
])("UsernameCaseMapped refuses %j: %s", (text, why) => {
  // Title case is mapped to lower case first, and then is a ligature that HasCompat.
  expect(why ?? "HasCompat").toBeTruthy();
  expect(enforceUsernameCaseMapped(text)).toBeUndefined();
});

test.each([
  // RFC 8265 §4.3, table 3
  ["correct horse battery staple", "correct horse battery staple"],
  ["Correct Horse Battery Staple", "Correct Horse Battery Staple"],
  ["\u03c0\u00df\u00e5", "\u03c0\u00df\u00e5"],
  ["Jack of \u2666s", "Jack of \u2666s"],
  ["foo\u1680bar", "foo bar"],
  // and more
  ["henry\u2163", "henry\u2163"],
  ["\uff28", "\uff28"],
  ["e\u0301", "\u00e9"],
  ["\u{1f600}", "\u{1f600}"],
])("OpaqueString makes of %j %j", (text, prepared) => {
  expect(enforceOpaqueString(text)).toBe(prepared);
});

test.each([
  // RFC 8265 §4.3, table 4
  ["", "zero length"],
  ["my cat is a \tby", "control character"],
  // and more
  ["\u200b", "default ignorable"],
  ["\u0378", "unassigned"],
  ["\ud800", "lone surrogate"],
  ["\u2028", "line separator"],
])("OpaqueString refuses %j: %s", (text) => {
  expect(enforceOpaqueString(text)).toBeUndefined();
});

test.each<[string, DerivedProperty]>([
  ["a", "PVALID"],
  ["~", "PVALID"],
  [" ", "FREE_PVAL"],
  ["\u00df", "PVALID"],
  ["\u00aa", "FREE_PVAL"],
  ["\u00d7", "FREE_PVAL"],
  ["\u0600", "DISALLOWED"],
  ["\u0009", "DISALLOWED"],
  ["\u200c", "CONTEXTJ"],
  ["\u06f5", "CONTEXTO"],
  ["\u115f", "DISALLOWED"],
  ["\u2163", "FREE_PVAL"],
  ["\uac00", "PVALID"],
  ["\uf900", "FREE_PVAL"],
  ["\u0378", "UNASSIGNED"],
  ["\ufdd0", "DISALLOWED"],
  ["\ue000", "DISALLOWED"],
])("the derived property of %j is %s, RFC 8264 §8", (character, property) => {
  expect(derivedProperty(character)).toBe(property);
});

test("what a profile has prepared it leaves alone", () => {
  const anything = fc.string({ unit: "binary", maxLength: 12 });
  fc.assert(
    fc.property(anything, (text) => {
      for (const enforce of [enforceUsernameCaseMapped, enforceOpaqueString]) {
        const prepared = enforce(text);
        if (prepared !== undefined) expect(enforce(prepared)).toBe(prepared);
      }
    }),
    { numRuns: 500 },
  );
});
