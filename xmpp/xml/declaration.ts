// The XML declaration. XML 1.0 §2.8, RFC 6120 §11.5 and §11.6.
import type { XmlErrorCondition } from "./limits.ts";

const DECLARATION =
  /^xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(["'])1\.0\1(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(["'])([A-Za-z][A-Za-z0-9._-]*)\2)?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(["'])(?:yes|no)\4)?[ \t\r\n]*\?$/;

/** What is wrong with markup that began with "<?" (`text` is what stands between that and ">"), if anything. */
export function declarationFault(text: string, mayDeclare: boolean): XmlErrorCondition | undefined {
  if (!/^xml[ \t\r\n?]/.test(text)) return "restricted-xml";
  const match = DECLARATION.exec(text);
  if (match === null || !mayDeclare) return "not-well-formed";
  const encoding = match[3];
  return encoding === undefined || encoding.toLowerCase() === "utf-8" ? undefined : "unsupported-encoding";
}
