// Whether a client certificate comes from one of the operator's authorities for clients. RFC 5280 §6.
//
// Node tells `authorized` only of sockets that a tls.Server accepted, not of those that STARTTLS upgraded, and that
// word covers every authority the context trusts. So the chain is walked here, against the authorities for clients.
import type { X509Certificate } from "node:crypto";
import { extensions, OID, pathLength } from "./extensions.ts";

/** Longest chain that is walked. */
const MAX_DEPTH = 8;
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const ANY_PURPOSE = "2.5.29.37.0";
/** Critical extensions that are looked at; another one (name constraints) makes a certificate unfit. RFC 5280 §4.2. */
const UNDERSTOOD = new Set<string>(Object.values(OID));

/**
 * True where the leaf, through the issuers its peer sent with it (`issuerCertificate`), leads to one of `authorities`:
 * signatures, dates, purposes, authorities' rights and lengths of path all being in order. `now` is ms since the epoch.
 */
export function leadsTo(leaf: X509Certificate, authorities: readonly X509Certificate[], now: number): boolean {
  if (!usable(leaf, now) || !forClients(leaf)) return false;
  let certificate = leaf;
  for (let intermediates = 0; intermediates < MAX_DEPTH; intermediates += 1) {
    const child = certificate;
    if (authorities.some((authority) => issued(authority, child, intermediates, now))) return true;
    const issuer = child.issuerCertificate;
    if (issuer === undefined || !issued(issuer, child, intermediates, now)) return false;
    certificate = issuer;
  }
  return false;
}

/** True where `issuer` may sign, and did sign, a certificate that has so many intermediates below it. */
function issued(issuer: X509Certificate, child: X509Certificate, intermediates: number, now: number): boolean {
  return (
    issuer.ca &&
    child.checkIssued(issuer) &&
    child.verify(issuer.publicKey) &&
    usable(issuer, now) &&
    (pathLength(extensions(issuer.raw)) ?? MAX_DEPTH) >= intermediates
  );
}

/** Dates and critical extensions. */
function usable(certificate: X509Certificate, now: number): boolean {
  const current = certificate.validFromDate.getTime() <= now && now <= certificate.validToDate.getTime();
  return current && extensions(certificate.raw).every(({ oid, critical }) => !critical || UNDERSTOOD.has(oid));
}

/** True without a list of purposes, and where clients are on it. RFC 5280 §4.2.1.12. */
function forClients(leaf: X509Certificate): boolean {
  const purposes: readonly string[] | undefined = leaf.keyUsage; // Node's name for the extended key usage
  return purposes === undefined || purposes.includes(CLIENT_AUTH) || purposes.includes(ANY_PURPOSE);
}
