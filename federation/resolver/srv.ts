// Where a domain's service is: both kinds of SRV merged, A and AAAA only where there is no SRV at all.
import { isIPv4, isIPv6 } from "node:net";
import type { Answer } from "dns-packet";
import { interleave, lookUpAddresses, MAX_ADDRESSES } from "./addresses.ts";
import type { DnsClient, Lookup } from "./client.ts";
import { dnsName, ipLiteral } from "./name.ts";
import { orderTargets, type Target } from "./target-order.ts";

/** The services of XMPP that DNS is asked for. */
export type Service = "xmpp-server" | "xmpp-client";

/**
 * Where to connect. `refused`: the domain says it does not offer the service. `not-found`: there is no such domain or
 * host (`remote-server-not-found`). `failed`: DNS gave no answer; another time it may.
 */
export type Resolution =
  | { readonly kind: "targets"; readonly targets: readonly Target[] }
  | { readonly kind: "refused" }
  | { readonly kind: "not-found"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/** Targets of one domain that are tried. */
export const MAX_TARGETS = 32;

const DEFAULT_PORT: Readonly<Record<Service, number>> = { "xmpp-server": 5269, "xmpp-client": 5222 };

/**
 * The procedure (RFC 6120 §3.2, XEP-0368 §3): ask for `_xmpps-server` and `_xmpp-server` together; any SRV record at
 * all rules out the fall-back, "." in place of a host means no; without SRV the domain itself on the registered port.
 */
export async function resolveService(
  client: Pick<DnsClient, "lookup">,
  domain: string,
  service: Service,
  random: () => number,
): Promise<Resolution> {
  const literal = ipLiteral(domain);
  if (literal !== undefined) return fallBack(literal, service, true);
  const name = dnsName(domain);
  if (name === undefined)
    return { kind: "not-found", reason: `${JSON.stringify(domain.slice(0, 300))} is no DNS name` };
  const secure = service === "xmpp-server" ? "xmpps-server" : "xmpps-client";
  const [direct, plain] = await Promise.all([
    client.lookup(`_${secure}._tcp.${name}`, "SRV"),
    client.lookup(`_${service}._tcp.${name}`, "SRV"),
  ]);
  const targets = [...targetsIn(direct, true), ...targetsIn(plain, false)];
  if (targets.length > 0) return { kind: "targets", targets: orderTargets(targets, random).slice(0, MAX_TARGETS) };
  for (const lookup of [plain, direct]) if (lookup.kind === "failed") return lookup;
  if (direct.kind === "records" || plain.kind === "records") return { kind: "refused" };
  const addresses = await lookUpAddresses(client, name);
  if (addresses.kind === "addresses")
    return fallBack(name, service, addresses.authenticated && authentic(direct, plain));
  if (addresses.kind === "failed") return addresses;
  return { kind: "not-found", reason: `${name} has no SRV record for ${service} and no address` };
}

function fallBack(host: string, service: Service, authenticated: boolean): Resolution {
  const port = DEFAULT_PORT[service];
  return { kind: "targets", targets: [{ host, port, directTls: false, priority: 0, weight: 0, authenticated }] };
}

/** The usable targets of an answer. "." (RFC 2782) and names no host can have are none. */
function targetsIn(lookup: Lookup, directTls: boolean): Target[] {
  if (lookup.kind !== "records") return [];
  return lookup.records.flatMap((record) => {
    if (record.type !== "SRV") return [];
    const host = dnsName(record.data.target);
    const { port, priority = 0, weight = 0 } = record.data;
    if (host === undefined || port < 1) return [];
    const addresses = addressesIn(lookup.additionals ?? [], host);
    const added = addresses.length === 0 ? {} : { addresses };
    return [{ host, port, directTls, priority, weight, authenticated: lookup.authenticated, ...added }];
  });
}

/** What came along for one host. */
function addressesIn(additionals: readonly Answer[], host: string): string[] {
  const own = additionals.filter((record) => record.type !== "OPT" && dnsName(record.name) === host);
  const of = (type: "A" | "AAAA") => own.flatMap((record) => (record.type === type ? [String(record.data)] : []));
  const valid = interleave(of("AAAA").filter(isIPv6), of("A").filter(isIPv4));
  return valid.slice(0, MAX_ADDRESSES);
}

function authentic(...lookups: readonly Lookup[]): boolean {
  return lookups.every((lookup) => lookup.kind !== "failed" && lookup.authenticated);
}
