// The configuration of a region's nodes as the server's contract has it. Pure: a world, a region and its addresses in.

import type { NodeConfigInput } from "../contract/contract.ts";
import type { Region, World } from "../regions/world.ts";
import { cacheUrl } from "./cache-access.ts";
import { files, linksPort, metricsPort, openPorts } from "./ports.ts";

/** What a region's nodes must be told of their surroundings. */
export interface Surroundings {
  /** Host name of PostgreSQL. */
  readonly database: string;
  /** Valkey: its host name, and the user whose token the keeper writes. */
  readonly cache: { readonly host: string; readonly user: string };
  /** Networks (CIDR) of the load balancer, whose connections begin with a PROXY header. */
  readonly balancerNetworks: readonly string[];
  /** Whether the world has a certificate authority of its own. */
  readonly authority: boolean;
}

/** Name and user of a region's database. */
export const databaseName = "meridian";

/** Name of a node before it runs; its entry puts the task's own name in its place. */
export const nodePlaceholder = "node";

/**
 * The configuration all nodes of a region share. It holds no secret: secrets are files that the keeper writes, and
 * the database's password is looked up by libpq's rules (PGPASSFILE).
 */
export function nodeConfig(world: World, region: Region, surroundings: Surroundings): NodeConfigInput {
  const certificate = { certificate: files.certificate, key: files.key };
  const { federation } = region;
  // Whom to write to about the service (XEP-0157).
  const modules = { contacts: world.contacts };
  return {
    node: nodePlaceholder,
    region: region.name,
    hosts: [
      { domain: region.domain, certificate, modules },
      { domain: world.domains.global, certificate, modules },
    ],
    listeners: listeners([...surroundings.balancerNetworks], region),
    storage: { kind: "postgres", url: databaseUrl(surroundings.database), poolSize: 10 },
    cluster: {
      redis: {
        urls: [cacheUrl(surroundings.cache.host)],
        username: surroundings.cache.user,
        password: { file: files.cacheToken },
      },
      links: { port: linksPort },
    },
    federation: {
      enabled: federation.enabled ?? true,
      dialbackSecret: { file: files.worldSecret },
      trustedAuthorities: surroundings.authority ? [files.worldAuthority] : [],
      requireEncryption: true,
      requireValidCertificate: federation.requireValidCertificate ?? false,
      allowDialback: federation.allowDialback ?? true,
      policies: federation.policies ?? [],
      links: world.regions.filter(({ name }) => name !== region.name).map(({ domain }) => domain),
    },
    drainSeconds: drainSeconds,
  };
}

/** Time a node has to hand over its sessions after SIGTERM, seconds; ECS kills it after 120 on Fargate. */
export const drainSeconds = 90;

/** PostgreSQL over TLS with the server's name checked; no password in it. */
export function databaseUrl(host: string): string {
  return `postgres://${databaseName}@${host}:5432/${databaseName}?sslmode=verify-full&sslrootcert=${files.databaseAuthorities}`;
}

function listeners(proxyProtocol: string[], region: Region): NodeConfigInput["listeners"] {
  const address = "0.0.0.0";
  const target = (name: string) => openPorts.find((port) => port.name === name)?.target ?? 0;
  return [
    { kind: "c2s", address, port: target("c2s"), tls: "starttls", proxyProtocol },
    { kind: "c2s", address, port: target("c2s-tls"), tls: "direct", proxyProtocol },
    {
      kind: "http",
      address,
      port: target("https"),
      tls: true,
      directTls: true,
      publicUrl: `wss://${region.domain}/xmpp-websocket`,
      proxyProtocol,
    },
    { kind: "s2s", address, port: target("s2s"), tls: "starttls", proxyProtocol },
    { kind: "s2s", address, port: target("s2s-tls"), tls: "direct", proxyProtocol },
    { kind: "metrics", address: "127.0.0.1", port: metricsPort },
  ];
}
