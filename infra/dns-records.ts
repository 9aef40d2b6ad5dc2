// The names of a region in the DNS: which records there are, as plain data. Pure.
import { openPorts } from "./ports.ts";

/** A service record (RFC 2782; RFC 6120 §3.2.1; XEP-0368 §2). */
export interface ServiceRecord {
  /** Label before the domain, such as `_xmpp-client._tcp`. */
  readonly service: string;
  readonly port: number;
  /** Lower comes first. */
  readonly priority: number;
}

const listen = (name: string) => openPorts.find((port) => port.name === name)?.listen ?? 0;

/** The services of a domain; direct TLS is tried first, and 443 last, for networks that let nothing else through. */
export const services: readonly ServiceRecord[] = [
  { service: "_xmpps-client._tcp", port: listen("c2s-tls"), priority: 5 },
  { service: "_xmpp-client._tcp", port: listen("c2s"), priority: 10 },
  { service: "_xmpps-server._tcp", port: listen("s2s-tls"), priority: 5 },
  { service: "_xmpp-server._tcp", port: listen("s2s"), priority: 10 },
];

/** The host name that a domain's service records point to. */
export function hostOf(domain: string): string {
  return `xmpp.${domain}`;
}

/** The value of a service record. */
export function serviceValue(record: ServiceRecord, domain: string): string {
  return `${record.priority} 10 ${record.port} ${hostOf(domain)}.`;
}

/** The domains a zone is needed for: the global one, and the parent of the regional ones where it lies elsewhere. */
export function zoneDomains(domains: { readonly global: string; readonly regional: string }): string[] {
  return within(domains.regional, domains.global) ? [domains.global] : [domains.global, domains.regional];
}

/** The zone, of those there are, that a domain lies in: the longest that is a parent of it, or itself. */
export function zoneOf(domain: string, zones: readonly string[]): string | undefined {
  return zones.filter((zone) => within(domain, zone)).toSorted((a, b) => b.length - a.length)[0];
}

function within(domain: string, zone: string): boolean {
  return domain === zone || domain.endsWith(`.${zone}`);
}
