// Preparation of a JID's parts: PRECIS profiles and IDNA. RFC 7622 §3.2 to §3.4.
import { domainToUnicode } from "node:url";
import { JidError } from "./jid.ts";

/** UsernameCaseMapped with the excluded characters of RFC 7622 §3.3.1. @throws JidError */
export function prepareLocalpart(text: string): string {
  const prepared = text.normalize("NFC").toLowerCase();
  if (/["&'/:<>@\s\p{C}]/u.test(prepared)) throw new JidError(`localpart has a character that is not allowed`);
  return bounded(prepared, "localpart");
}

/** IDNA U-labels, lower case, or an IP literal. @throws JidError */
export function prepareDomainpart(text: string): string {
  const trimmed = text.endsWith(".") ? text.slice(0, -1) : text;
  if (!/^[a-z0-9.-]+$/.test(trimmed) && trimmed !== "") {
    const unicode = trimmed.startsWith("[") ? trimmed : domainToUnicode(trimmed);
    return bounded(unicode, "domainpart");
  }
  return bounded(trimmed, "domainpart");
}

/** OpaqueString. @throws JidError */
export function prepareResourcepart(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new JidError("resourcepart has a control character");
  return bounded(text.normalize("NFC"), "resourcepart");
}

function bounded(text: string, part: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes < 1 || bytes > 1023) throw new JidError(`${part} must have 1 to 1023 bytes, not ${bytes}`);
  return text;
}
