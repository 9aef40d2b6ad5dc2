// The configuration of a local world's node: the contract of the server, filled in for this machine. Pure.
import { join } from "node:path";
import type { NodeConfigInput } from "../../contract/contract.ts";
import type { Region, World } from "../../regions/world.ts";
import { shortEnough } from "../admin/socket-path.ts";
import type { ReportedListener } from "./node-process.ts";
import type { AnyPorts } from "./ports.ts";

/** What a node is given beside its region. */
export interface NodeSurroundings {
  readonly name: string;
  readonly ports: AnyPorts;
  /** PEM files of the domain's certificate. */
  readonly certificate: { readonly certificate: string; readonly key: string };
  /** PEM file of the world's authority. */
  readonly authority: string;
  /** The region's database. */
  readonly storage: NodeConfigInput["storage"];
  /** The other nodes; undefined where it is alone. */
  readonly cluster: NodeConfigInput["cluster"];
  /** Where clients reach this node itself, host:port. */
  readonly location: string | undefined;
  /** Connections come with a PROXY header. */
  readonly behindBalancer: boolean;
  /** The region's folder. */
  readonly folder: string;
  /** File of the secret that dialback keys are made with. */
  readonly secret: string;
  /** Whom to write to about the service (XEP-0157). */
  readonly contacts: World["contacts"];
  /** The zone server, `address:port`. */
  readonly nameServer: string;
  readonly logLevel: "debug" | "info";
}

/** The configuration of a region's node. */
export function localNodeConfig(region: Region, around: NodeSurroundings): NodeConfigInput {
  const { ports, storage, cluster, location, name } = around;
  const at = { address: "127.0.0.1", ...(around.behindBalancer ? { proxyProtocol: ["127.0.0.1/32"] } : {}) };
  const metrics = "metrics" in ports ? [{ kind: "metrics", address: at.address, port: ports.metrics } as const] : [];
  return {
    node: name,
    region: region.name,
    hosts: [{ domain: region.domain, certificate: around.certificate, modules: { contacts: around.contacts } }],
    listeners: [
      { kind: "c2s", ...at, port: ports.client, tls: "starttls" },
      { kind: "c2s", ...at, port: ports.clientTls, tls: "direct" },
      // Loopback is as good as TLS: nobody else can listen in on it.
      { kind: "http", ...at, port: ports.web, tlsTerminated: true },
      { kind: "http", ...at, port: ports.webTls, tls: true, directTls: true },
      { kind: "s2s", ...at, port: ports.server, tls: "starttls" },
      { kind: "s2s", ...at, port: ports.serverTls, tls: "direct" },
      ...metrics,
    ],
    storage,
    ...(cluster === undefined ? {} : { cluster: location === undefined ? cluster : { ...cluster, location } }),
    federation: {
      ...region.federation,
      dnsServers: [around.nameServer],
      // All of the world is on this machine.
      privateNetworks: ["127.0.0.0/8", "::1"],
      trustedAuthorities: [around.authority],
      publicAuthorities: false,
      dialbackSecret: { file: around.secret },
      // The picture of the world shows links: they stay.
      idleSeconds: 86_400,
    },
    log: { level: around.logLevel },
    adminSocket: shortEnough(join(around.folder, `${name}.sock`)),
    drainSeconds: 5,
  };
}

/** The ports that a node took, from what it reports. */
export function portsOf(listeners: readonly ReportedListener[]): AnyPorts {
  const port = (kind: string, tls?: string) =>
    listeners.find((each) => each.kind === kind && (tls === undefined || each.tls === tls))?.port ?? 0;
  const ports = {
    client: port("c2s", "starttls"),
    clientTls: port("c2s", "direct"),
    web: port("http", "none"),
    webTls: port("http", "direct"),
    server: port("s2s", "starttls"),
    serverTls: port("s2s", "direct"),
  };
  const metrics = port("metrics");
  return metrics === 0 ? ports : { ...ports, metrics };
}
