// Domains, JIDs and addresses of a configuration: taken however an operator writes them, kept as the server compares them.
import { isIP } from "node:net";
import { z } from "zod";
import { prepareDomainpart, prepareLocalpart } from "../xmpp/jid/precis.ts";
import { parseNetwork, parseServerAddress } from "./networks.ts";

/** Most characters of a name before it is prepared: three parts of a JID. RFC 7622 §3.1. */
const LONGEST = 3071;

/** Text that `prepare` brings into the form that is compared; what it refuses is told with what is expected. */
function prepared(expected: string, prepare: (text: string) => string) {
  return z
    .string()
    .max(LONGEST)
    .transform((text, context) => {
      try {
        return prepare(text);
      } catch {
        context.addIssue({ code: "custom", message: `"${text}" is not ${expected}` });
        return z.NEVER;
      }
    });
}

/** A domain, prepared as the domainpart of a JID is: `EXAMPLE.org.` and A-labels are taken too. RFC 7622 §3.2. */
export const DomainName = prepared("a domain name, as example.org", prepareDomainpart);

/** A domain; `*.example.org` stands for every domain below it, `*` for all. */
export const DomainPattern = prepared("a domain name, nor one after `*.`, nor `*`", (text) => {
  if (text === "*") return text;
  return text.startsWith("*.") ? `*.${prepareDomainpart(text.slice(2))}` : prepareDomainpart(text);
});

/** A bare JID with a localpart, prepared. RFC 7622 §3. */
export const AccountJid = prepared("a bare JID, as admin@example.org", (text) => {
  const at = text.indexOf("@");
  return `${prepareLocalpart(text.slice(0, Math.max(at, 0)))}@${prepareDomainpart(text.slice(at + 1))}`;
});

/** Labels of letters, digits and hyphens, of which the last is no number: that would be meant as an IPv4 address. */
const HOST_NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\.?$/i;

/** An address to listen on, or a host name that leads to one; an IPv6 address may stand in brackets (RFC 3986 §3.2.2). */
export const Address = prepared("an address, as 192.0.2.1, 2001:db8::1 or ::", (text) => {
  const bracketed = /^\[(.*)\]$/.exec(text)?.[1];
  const good = bracketed === undefined ? isIP(text) !== 0 || HOST_NAME.test(text) : isIP(bracketed) === 6;
  return good ? (bracketed ?? text) : raise(text);
});

/** A name server: an address, with or without a port; an IPv6 address before a port stands in brackets. */
export const NameServerAddress = prepared(
  "the address of a name server, as 192.0.2.1:53 or [2001:db8::1]:53",
  (text) => {
    const { address, port } = parseServerAddress(text) ?? raise(text);
    return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
  },
);

/** Host and port; an IPv6 address stands in brackets. */
export const HostPort = prepared("a host and port, as host.example.org:5222 or [2001:db8::1]:5222", (text) => {
  const [, bracketed, host = "", port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const good = bracketed === undefined ? isIP(host) === 4 || HOST_NAME.test(host) : isIP(bracketed) === 6;
  if (!good || Number(port) < 1 || Number(port) > 65_535) raise(text);
  return text;
});

function raise(text: string): never {
  throw new TypeError(text);
}

const NOT_A_NETWORK = "a network as 10.0.0.0/8 or 2001:db8::/32, or one address";

/** Networks (CIDR) or single addresses; none by default. */
export const NetworkList = z
  .array(z.string().refine((text) => parseNetwork(text) !== undefined, { error: NOT_A_NETWORK }))
  .default([]);
