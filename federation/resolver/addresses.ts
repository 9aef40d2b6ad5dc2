// The addresses of a host: A and AAAA asked together, the two families interleaved for happy eyeballs.
import { isIP, isIPv4, isIPv6 } from "node:net";
import type { DnsClient, Lookup } from "./client.ts";
import { ipLiteral } from "./name.ts";

/** What is known of a host's addresses, in the order to try them. */
export type Addresses =
  | { readonly kind: "addresses"; readonly addresses: readonly string[]; readonly authenticated: boolean }
  | { readonly kind: "not-found"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/** Addresses of one host that are tried. */
export const MAX_ADDRESSES = 16;

/** The addresses of `host`, IPv6 first and the families in turn (RFC 8305 §4). An IP address is its own. */
export async function lookUpAddresses(client: Pick<DnsClient, "lookup">, host: string): Promise<Addresses> {
  const literal = ipLiteral(host);
  if (literal !== undefined) return { kind: "addresses", addresses: [literal], authenticated: true };
  if (isLoopbackName(host)) return { kind: "addresses", addresses: ["127.0.0.1", "::1"], authenticated: true };
  const [v6, v4] = await Promise.all([client.lookup(host, "AAAA"), client.lookup(host, "A")]);
  const addresses = interleave(addressesIn(v6), addressesIn(v4)).slice(0, MAX_ADDRESSES);
  if (addresses.length > 0) {
    const used = [v6, v4].filter((lookup) => lookup.kind === "records");
    return { kind: "addresses", addresses, authenticated: used.every((lookup) => lookup.authenticated) };
  }
  for (const lookup of [v4, v6]) if (lookup.kind === "failed") return lookup;
  return { kind: "not-found", reason: `${host} has no address (neither A nor AAAA)` };
}

/** True for an address, and for a name that never leaves the machine: DNS is asked nothing of either. */
export function isItsOwnAnswer(host: string): boolean {
  return ipLiteral(host) !== undefined || isLoopbackName(host);
}

/** One of each in turn, then what is left; the first list leads. */
export function interleave<T>(first: readonly T[], second: readonly T[]): T[] {
  const mixed: T[] = [];
  for (let i = 0; i < Math.max(first.length, second.length); i++)
    mixed.push(...first.slice(i, i + 1), ...second.slice(i, i + 1));
  return mixed;
}

function addressesIn(lookup: Lookup): string[] {
  if (lookup.kind !== "records") return [];
  const found = new Set<string>();
  for (const record of lookup.records) {
    if (record.type === "A" && isIPv4(record.data)) found.add(record.data);
    if (record.type === "AAAA" && isIPv6(record.data)) found.add(record.data);
  }
  return [...found];
}

/** RFC 6761 §6.3: these never leave the machine. */
function isLoopbackName(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  return isIP(name) === 0 && (name === "localhost" || name.endsWith(".localhost"));
}
