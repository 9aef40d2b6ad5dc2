// Preparation of a JID's domainpart: internationalised domain names and IP literals. RFC 7622 §3.2.
import { isIPv6 } from "node:net";
import tr46 from "tr46";
import { belongsTo } from "./derived-property.ts";
import { JidError } from "./jid-error.ts";

/** Labels of letters, digits and hyphens, 63 at most, no hyphen at an end. RFC 1123 §2.1, RFC 5890 §2.3.1. */
const LDH = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

const UTS46 = {
  checkBidi: true,
  checkHyphens: false,
  checkJoiners: true,
  useSTD3ASCIIRules: true,
  transitionalProcessing: false,
  verifyDNSLength: true,
} as const;

/**
 * A domain name as lower-case U-labels without trailing dot, or an IP literal in its shortest form. Upper case and other
 * variants are mapped by UTS #46 (RFC 7622 §3.2.2 with RFC 5895); each U-label then is one of IDNA2008. @throws JidError
 */
export function prepareDomainpart(text: string): string {
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  if (name.length === 0 || name.length > 1023) throw new JidError("domainpart must have 1 to 1023 bytes");
  if (LDH.test(name) && !name.includes("xn--")) return bounded(name, name);
  if (name.startsWith("[")) return prepareAddress(name);
  const ascii = tr46.toASCII(name, UTS46);
  if (ascii === null || !LDH.test(ascii)) throw new JidError("domainpart is no domain name");
  const unicode = tr46.toUnicode(ascii, UTS46);
  if (unicode.error) throw new JidError("domainpart is no domain name");
  for (const label of unicode.domain.split("."))
    if (!belongsTo("IdentifierClass", label)) throw new JidError("domainpart has a label that IDNA does not allow");
  return bounded(unicode.domain, ascii);
}

/** 1023 bytes at most (RFC 7622 §3.2), and what DNS can ask for: 253. */
function bounded(domain: string, ascii: string): string {
  if (ascii.length > 253) throw new JidError(`domainpart must have 253 bytes at most, not ${ascii.length}`);
  return domain;
}

/** An IPv6 literal, as RFC 5952 writes it. */
function prepareAddress(text: string): string {
  const address = text.endsWith("]") ? text.slice(1, -1) : "";
  if (!isIPv6(address) || address.includes("%")) throw new JidError("domainpart is no IPv6 literal");
  return new URL(`http://${text}/`).hostname;
}
