// Preparation of a JID's localpart and resourcepart: the PRECIS profiles. RFC 7622 §3.3, §3.4; RFC 8265.
import { belongsTo, satisfiesBidiRule } from "./derived-property.ts";
import { JidError } from "./jid-error.ts";

export { prepareDomainpart } from "./idna.ts";

/** ASCII that UsernameCaseMapped and RFC 7622 §3.3.1 leave as it is. */
const PLAIN_LOCALPART = /^[!#$%()*+,\-.0-9;=?[\\\]^_`a-z{|}~]+$/;
/** ASCII that OpaqueString leaves as it is. */
const PLAIN_RESOURCEPART = /^[ -~]+$/;
/** Not in a localpart though the profile would have them. RFC 7622 §3.3.1. */
const EXCLUDED = /["&'/:<>@]/;
/** Full-width and half-width characters, with a decomposition of that kind. RFC 8264 §5.2.1. */
const WIDTH = /[\u3000\uff01-\uffee]/g;
const NON_ASCII_SPACE = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;

/** UsernameCaseMapped without what RFC 7622 §3.3.1 excludes. @throws JidError */
export function prepareLocalpart(text: string): string {
  if (text.length <= 1023 && PLAIN_LOCALPART.test(text)) return text;
  const prepared = enforceUsernameCaseMapped(bounded(text, "localpart"));
  if (prepared === undefined || EXCLUDED.test(prepared))
    throw new JidError("localpart has a character that is not allowed");
  return bounded(prepared, "localpart");
}

/** OpaqueString. @throws JidError */
export function prepareResourcepart(text: string): string {
  if (text.length <= 1023 && PLAIN_RESOURCEPART.test(text)) return text;
  const prepared = enforceOpaqueString(bounded(text, "resourcepart"));
  if (prepared === undefined) throw new JidError("resourcepart has a character that is not allowed");
  return bounded(prepared, "resourcepart");
}

/** The UsernameCaseMapped profile; undefined for text that it refuses. RFC 8265 §3.3. */
export function enforceUsernameCaseMapped(text: string): string | undefined {
  const result = stable(text, (input) =>
    input
      .replace(WIDTH, (character) => character.normalize("NFKC"))
      .toLowerCase()
      .normalize("NFC"),
  );
  if (result === undefined || result === "" || !belongsTo("IdentifierClass", result)) return undefined;
  return satisfiesBidiRule(result) ? result : undefined;
}

/** The OpaqueString profile; undefined for text that it refuses. RFC 8265 §4.2. */
export function enforceOpaqueString(text: string): string | undefined {
  const result = stable(text, (input) => input.replace(NON_ASCII_SPACE, " ").normalize("NFC"));
  return result === undefined || result === "" || !belongsTo("FreeformClass", result) ? undefined : result;
}

/** Applies rules until nothing changes any more; undefined where three more times do not do. RFC 8264 §7. */
function stable(text: string, rules: (text: string) => string): string | undefined {
  let result = rules(text);
  for (let again = 0; again < 3; again++) {
    const next = rules(result);
    if (next === result) return result;
    result = next;
  }
  return undefined;
}

function bounded(text: string, part: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes < 1 || bytes > 1023) throw new JidError(`${part} must have 1 to 1023 bytes, not ${bytes}`);
  return text;
}
