// Whether a peer's certificate names the domain it claims to be: dNSName, SRVName, xmppAddr; never the common name.
import type { X509Certificate } from "node:crypto";
import { domainToASCII } from "node:url";
import { readExtensions, type SubjectNames } from "./extensions.ts";

/** Which name of a certificate matched, or why none did. */
export type IdentityVerdict =
  | { readonly kind: "match"; readonly by: "dNSName" | "SRVName" | "xmppAddr" }
  | { readonly kind: "mismatch"; readonly reason: string };

const HOST_NAME = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * Compares a certificate's names with `domain` (a JID's domainpart; U-labels or A-labels) as RFC 6120 §13.7.1.2, RFC
 * 9525 §6 and XEP-0178 have it. A wildcard counts only as the whole leftmost label of a dNSName and for one label. An
 * IP literal matches nothing.
 */
export function identifies(
  certificate: Pick<X509Certificate, "raw">,
  domain: string,
  service: "xmpp-server" | "xmpp-client" = "xmpp-server",
): IdentityVerdict {
  const wanted = toHostName(domain);
  if (wanted === undefined) return { kind: "mismatch", reason: "the peer's domain is no host name" };
  let names: SubjectNames;
  try {
    names = readExtensions(certificate).names;
  } catch {
    return { kind: "mismatch", reason: "the certificate is malformed" };
  }
  if (names.dns.some((name) => matchesDnsName(name, wanted))) return { kind: "match", by: "dNSName" };
  if (names.srv.some((name) => matchesSrvName(name, wanted, service))) return { kind: "match", by: "SRVName" };
  if (names.xmpp.some((jid) => toHostName(jid) === wanted)) return { kind: "match", by: "xmppAddr" };
  return { kind: "mismatch", reason: mismatch(names, wanted) };
}

/** The domains a certificate names outright (wildcards left out), in A-labels: whom a peer may claim to be. */
export function domainsOf(certificate: Pick<X509Certificate, "raw">): string[] {
  try {
    const { dns, srv, xmpp } = readExtensions(certificate).names;
    const services = srv.filter((name) => name.toLowerCase().startsWith(SERVER_PREFIX));
    const claimed = [...dns, ...services.map((name) => name.slice(SERVER_PREFIX.length)), ...xmpp];
    return [...new Set(claimed.map(toHostName).filter((name) => name !== undefined))];
  } catch {
    return [];
  }
}

const SERVER_PREFIX = "_xmpp-server.";

function matchesDnsName(pattern: string, wanted: string): boolean {
  if (!pattern.startsWith("*.")) return toHostName(pattern) === wanted;
  const parent = toHostName(pattern.slice(2));
  const dot = wanted.indexOf(".");
  // "*.org" is for nobody: what stands right under a top-level domain belongs to many.
  return parent?.includes(".") === true && dot > 0 && wanted.slice(dot + 1) === parent;
}

function matchesSrvName(name: string, wanted: string, service: string): boolean {
  const prefix = `_${service}.`;
  return name.toLowerCase().startsWith(prefix) && toHostName(name.slice(prefix.length)) === wanted;
}

/** A-labels in lower case; undefined for what is no host name, an IP address or a JID with more than a domain say. */
function toHostName(domain: string): string | undefined {
  if (domain.length > 1023 || /[\u0000-\u0020%:/?#@[\]\\]/.test(domain)) return undefined;
  const bare = domain.endsWith(".") ? domain.slice(0, -1) : domain;
  const isPlain = HOST_NAME.test(bare.toLowerCase());
  const ascii = isPlain ? bare.toLowerCase() : domainToASCII(bare);
  if (ascii.length > 253 || !HOST_NAME.test(ascii) || /^[0-9.]+$/.test(ascii)) return undefined;
  return ascii;
}

function mismatch(names: SubjectNames, wanted: string): string {
  const all = [...names.dns, ...names.srv, ...names.xmpp];
  if (all.length === 0) return `the certificate names no domain (subjectAltName is missing), so not ${wanted} either`;
  const shown = all.slice(0, 5).map((name) => JSON.stringify(name.slice(0, 100)));
  return `the certificate is for ${shown.join(", ")}${all.length > 5 ? " and others" : ""}, not for ${wanted}`;
}
