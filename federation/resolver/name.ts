// Domain names as DNS wants them: A-labels, lower case, within the limits of RFC 1035; and IP literals told apart.
import { isIP, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * The name as queries carry it: A-labels (RFC 5890 §2.3.2.1), lower case, no final dot. Undefined when it is no name
 * DNS could hold (an empty label, one over 63 octets, over 253 in all, characters no host name has).
 */
export function dnsName(name: string): string | undefined {
  if (name.length > 1024) return undefined;
  const bare = name.endsWith(".") ? name.slice(0, -1) : name;
  const ascii = isAscii(bare) ? bare.toLowerCase() : domainToASCII(bare);
  if (ascii === "" || ascii.length > 253) return undefined;
  return ascii.split(".").every((label) => LABEL.test(label)) ? ascii : undefined;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/**
 * The address when a domainpart is an IP literal (RFC 7622 §3.2: IPv4 bare, IPv6 in brackets; a bare IPv6 address is
 * taken too). Undefined for every other domain.
 */
export function ipLiteral(domain: string): string | undefined {
  if (domain.startsWith("[") && domain.endsWith("]")) {
    const inner = domain.slice(1, -1);
    return isIPv6(inner) && !inner.includes("%") ? inner : undefined;
  }
  return isIP(domain) !== 0 && !domain.includes("%") ? domain : undefined;
}
