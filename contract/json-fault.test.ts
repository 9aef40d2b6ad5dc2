// The place of the first mistake in what should be JSON; JSON.parse is the measure of what is one.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { jsonFault, notJson } from "./json-fault.ts";

test.each([
  ['{"node":"n","hosts":x}', /^is not JSON: expected a value .*\(line 1, column 21\)$/],
  ['{"a":1', /it ends: expected , or } \(line 1, column 7\)/],
  ["", /it ends: expected a value .*\(line 1, column 1\)/],
  ['{"a":1,}', /expected the name of a setting in " \(line 1, column 8\)/],
  ['{\n  "a": "x\ny"}', /expected a value .*\(line 2, column 8\)/],
  ["[1 2]", /expected , or \] \(line 1, column 4\)/],
  ['{"a" 1}', /expected : .*\(line 1, column 6\)/],
  ["{} {}", /expected nothing more \(line 1, column 4\)/],
  ['{"a": 01}', /expected a value .*\(line 1, column 7\)/],
])("%j", (text, told) => expect(notJson(text)).toMatch(told));

test("nothing of the text is told", () => {
  expect(notJson('{"secret": "0123456789abcdef" "more"')).not.toContain("0123");
});

test("what JSON.parse takes has no fault, and nothing else", () => {
  const piece = fc.constantFrom(
    ...'{}[],:"\\ \n',
    '"a"',
    "1",
    "-",
    "0.5e3",
    "1.",
    "true",
    "nul",
    "\\u12",
    '"\\n"',
    "\t",
    "é",
  );
  const spoilt = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(fc.oneof(fc.json(), spoilt), (text) => {
      let good = true;
      try {
        JSON.parse(text);
      } catch {
        good = false;
      }
      expect(jsonFault(text) === undefined).toBe(good);
    }),
    { numRuns: 2_000 },
  );
});
