// The configuration of a local world's node: the contract of the server, filled in for this machine. Pure.
import type { Region } from "../../regions/world.ts";
import type { NodeConfigInput } from "../../server/index.ts";
import type { ReportedListener } from "./node-process.ts";
import type { NodePorts } from "./ports.ts";

/** What a node is given beside its region. */
export interface NodeSurroundings {
  readonly ports: NodePorts;
  /** PEM files of the domain's certificate. */
  readonly certificate: { readonly certificate: string; readonly key: string };
  /** PEM file of the world's authority. */
  readonly authority: string;
  /** The database's file. */
  readonly store: string;
  /** File of the secret that dialback keys are made with. */
  readonly secret: string;
  /** The zone server, `address:port`. */
  readonly nameServer: string;
  readonly logLevel: "debug" | "info";
}

/** The configuration of a region's node. */
export function localNodeConfig(region: Region, around: NodeSurroundings): NodeConfigInput {
  const { ports } = around;
  const address = "127.0.0.1";
  return {
    node: `${region.name}-1`,
    region: region.name,
    hosts: [{ domain: region.domain, certificate: around.certificate }],
    listeners: [
      { kind: "c2s", address, port: ports.client, tls: "starttls" },
      { kind: "c2s", address, port: ports.clientTls, tls: "direct" },
      // Loopback is as good as TLS: nobody else can listen in on it.
      { kind: "http", address, port: ports.web, tlsTerminated: true },
      { kind: "s2s", address, port: ports.server, tls: "starttls" },
      { kind: "s2s", address, port: ports.serverTls, tls: "direct" },
    ],
    storage: { kind: "sqlite", file: around.store },
    federation: {
      ...region.federation,
      dnsServers: [around.nameServer],
      trustedAuthorities: [around.authority],
      publicAuthorities: false,
      dialbackSecret: { file: around.secret },
      // The picture of the world shows links: they stay.
      idleSeconds: 86_400,
    },
    log: { level: around.logLevel },
    drainSeconds: 5,
  };
}

/** The ports that a node took, from what it reports. */
export function portsOf(listeners: readonly ReportedListener[]): NodePorts {
  const port = (kind: string, tls?: string) =>
    listeners.find((each) => each.kind === kind && (tls === undefined || each.tls === tls))?.port ?? 0;
  return {
    client: port("c2s", "starttls"),
    clientTls: port("c2s", "direct"),
    web: port("http"),
    server: port("s2s", "starttls"),
    serverTls: port("s2s", "direct"),
  };
}
