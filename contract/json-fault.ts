// The first place at which a text is no JSON, in words that hold nothing of the text: it may hold secrets. RFC 8259.
import { type Place, placeAt } from "./json-places.ts";

/** White space, then a token, or what begins none. */
const TOKEN =
  /[ \t\n\r]*(?:(?<string>"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*")|(?<plain>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])|(?:true|false|null)(?!\w))|(?<mark>[{}[\],:])|(?<end>$)|(?<other>.))/suy;

/** What may stand at a place, as it is told. */
const EXPECTED = {
  value: 'expected a value (text in ", a number, true, false, null, [ or {)',
  valueOrEnd: "expected a value or ]",
  key: 'expected the name of a setting in "',
  keyOrEnd: 'expected the name of a setting in ", or }',
  colon: "expected : behind the name of a setting",
  nextInObject: "expected , or }",
  nextInList: "expected , or ]",
  end: "expected nothing more",
};

/** What is wrong first, and where; undefined for a text that is JSON. */
export function jsonFault(text: string): (Place & { readonly what: string }) | undefined {
  const open: ("{" | "[")[] = [];
  let expected: keyof typeof EXPECTED = "value";
  const behind = (): keyof typeof EXPECTED =>
    open.length === 0 ? "end" : open.at(-1) === "{" ? "nextInObject" : "nextInList";
  TOKEN.lastIndex = 0;
  for (;;) {
    const { groups: { string, plain, mark = "", end, other } = {} } = TOKEN.exec(text) ?? {};
    const length = (string ?? plain ?? mark).length + (other?.length ?? 0);
    const wrong = { ...placeAt(text, TOKEN.lastIndex - length), what: EXPECTED[expected] };
    const value = expected === "value" || expected === "valueOrEnd";
    if (end !== undefined) return expected === "end" ? undefined : { ...wrong, what: `it ends: ${wrong.what}` };
    if (other !== undefined) return wrong;
    if (value && (mark === "{" || mark === "[")) {
      open.push(mark);
      expected = mark === "{" ? "keyOrEnd" : "valueOrEnd";
    } else if (value && mark === "") expected = behind();
    else if ((expected === "key" || expected === "keyOrEnd") && string !== undefined) expected = "colon";
    else if (expected === "colon" && mark === ":") expected = "value";
    else if (mark === "," && expected === "nextInObject") expected = "key";
    else if (mark === "," && expected === "nextInList") expected = "value";
    else if (
      (mark === "}" && (expected === "keyOrEnd" || expected === "nextInObject")) ||
      (mark === "]" && (expected === "valueOrEnd" || expected === "nextInList"))
    ) {
      open.pop();
      expected = behind();
    } else return wrong;
  }
}

/** That a text is no JSON, with the place of the first mistake. */
export function notJson(text: string): string {
  const fault = jsonFault(text);
  return fault === undefined
    ? "is not JSON"
    : `is not JSON: ${fault.what} (line ${fault.line}, column ${fault.column})`;
}
