// The resolver's public face: domains to targets, hosts to addresses.
import { randomInt } from "node:crypto";
import { parseServerAddress } from "../../contract/networks.ts";
import type { Clock } from "../../xmpp/clock.ts";
import { type Addresses, lookUpAddresses } from "./addresses.ts";
import { DnsClient, type Lookup } from "./client.ts";
import type { QueryType } from "./message.ts";
import { type Resolution, resolveService, type Service } from "./srv.ts";
import { systemServers } from "./system-servers.ts";
import type { Target } from "./target-order.ts";
import { lookUpTlsa, type TlsaLookup } from "./tlsa.ts";

export type { Addresses } from "./addresses.ts";
export { TtlCache } from "./cache.ts";
export type { Lookup } from "./client.ts";
export { DialError, type DialOptions, dial } from "./race.ts";
export type { Resolution, Service } from "./srv.ts";
export type { Target } from "./target-order.ts";
export type { TlsaLookup } from "./tlsa.ts";

/** Settings of a resolver. */
export interface ResolverOptions {
  readonly clock: Clock;
  /** Name servers ("192.0.2.1", "127.0.0.1:5353", "[::1]:53"), tried in order; those of /etc/resolv.conf by default. */
  readonly servers?: readonly string[] | undefined;
  /** For one server and one attempt, ms; 2,000 by default. */
  readonly timeoutMs?: number | undefined;
  /** Rounds over all the servers; 3 by default. */
  readonly attempts?: number | undefined;
  /**
   * Believe the AD bit of `servers`: only right when the way to them cannot be tampered with, loopback say. By default
   * false, or what `options trust-ad` says in /etc/resolv.conf when its servers are used.
   */
  readonly trustAd?: boolean | undefined;
  /** Answers kept; 10,000 by default. */
  readonly cacheEntries?: number | undefined;
  /** A number in [0, 1) for the choice by weight. */
  readonly random?: (() => number) | undefined;
}

/** Finds where domains are. Nothing it returns rejects: failures are values. */
export interface Resolver {
  /** Where `domain` (U-labels or A-labels, or an IP literal) offers `service`, in the order to try. */
  resolveDomain(domain: string, service: Service): Promise<Resolution>;
  /** The addresses of a target's host, in the order to try. */
  addressesOf(host: string): Promise<Addresses>;
  /** What DNSSEC says of the certificate a target will present (DANE); none without `trustAd`. */
  tlsaOf(target: Pick<Target, "host" | "port" | "authenticated">): Promise<TlsaLookup>;
  /** The records of one type at one name. */
  lookup(name: string, type: QueryType): Promise<Lookup>;
  /** Forgets every cached answer. */
  flush(): void;
  /** Ends lookups under way; they fail. */
  close(): void;
}

/** Makes a resolver. Throws when a name server's address is malformed. */
export function createResolver(options: ResolverOptions): Resolver {
  const system = options.servers === undefined ? systemServers() : undefined;
  const client = new DnsClient({
    servers: system?.servers ?? (options.servers ?? []).map(toServer),
    clock: options.clock,
    timeoutMs: options.timeoutMs ?? 2_000,
    attempts: options.attempts ?? 3,
    trustAd: options.trustAd ?? system?.trustAd ?? false,
    cacheEntries: options.cacheEntries ?? 10_000,
  });
  const random = options.random ?? (() => randomInt(2 ** 32) / 2 ** 32);
  return {
    resolveDomain: (domain, service) => resolveService(client, domain, service, random),
    addressesOf: (host) => lookUpAddresses(client, host),
    tlsaOf: async (target) =>
      target.authenticated ? lookUpTlsa(client, target, await lookUpAddresses(client, target.host)) : { kind: "none" },
    lookup: (name, type) => client.lookup(name, type),
    flush: () => client.flush(),
    close: () => client.close(),
  };
}

function toServer(text: string): { address: string; port: number } {
  const server = parseServerAddress(text);
  if (!server) throw new Error(`name server ${JSON.stringify(text)}: expected an IP address, with ":port" or without`);
  return server;
}
