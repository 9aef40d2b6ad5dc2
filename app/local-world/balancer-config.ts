// HAProxy's configuration for the regions of a local world: TCP as it comes, the client's address by PROXY v2. Pure.
import type { BehindPorts, NodePorts } from "./ports.ts";

/** A node behind the balancer. */
export interface BalancedNode {
  readonly name: string;
  readonly ports: BehindPorts;
  /** The balancer's port that leads to this node alone, for clients that come back to it (XEP-0198 §3). */
  readonly own: number;
}

/** A region before which the balancer stands. */
export interface BalancedRegion {
  readonly name: string;
  /** The balancer's ports. */
  readonly ports: NodePorts;
  readonly nodes: readonly BalancedNode[];
}

/** Ports that a client or a server comes to. */
export const USES = ["client", "clientTls", "web", "webTls", "server", "serverTls"] as const;
export type Use = (typeof USES)[number];

/** Name of what stands behind one port. */
export function sectionOf(region: string, use: Use): string {
  return `${region}-${use}`;
}

/** Name of what leads to one node alone. */
export function ownSectionOf(node: string): string {
  return `${node}-own`;
}

/** Each node is asked once for all of its ports: at /readyz, which a draining node denies. */
export function balancerConfig(regions: readonly BalancedRegion[], socket: string): string {
  const general = [
    "global",
    "  nbthread 1",
    // Or two worlds could have one port, and each the other's clients.
    "  noreuseport",
    `  stats socket ${quoted(socket)} mode 600 level admin`,
    "defaults",
    "  mode tcp",
    "  balance leastconn",
    "  option redispatch 1",
    "  option httpchk GET /readyz",
    "  retries 3",
    "  timeout connect 5s",
    "  timeout check 5s",
    "  timeout client 24h",
    "  timeout server 24h",
  ];
  return `${[...general, ...regions.flatMap(regionLines)].join("\n")}\n`;
}

function regionLines({ name, ports, nodes }: BalancedRegion): string[] {
  const [checking] = USES;
  const shared = USES.flatMap((use) => [
    `listen ${sectionOf(name, use)}`,
    `  bind 127.0.0.1:${ports[use]}`,
    ...nodes.map((node) => {
      const check =
        use === checking
          ? `check port ${node.ports.metrics} inter 1s fall 1 rise 1`
          : `track ${sectionOf(name, checking)}/${node.name}`;
      return serverLine(node, use, check);
    }),
  ]);
  const own = nodes.flatMap((node) => [
    `listen ${ownSectionOf(node.name)}`,
    `  bind 127.0.0.1:${node.own}`,
    serverLine(node, "client", `track ${sectionOf(name, checking)}/${node.name}`),
  ]);
  return [...shared, ...own];
}

function serverLine({ name, ports }: BalancedNode, use: Use, check: string): string {
  return `  server ${name} 127.0.0.1:${ports[use]} send-proxy-v2 ${check}`;
}

/** What HAProxy is told once a node listens at other ports. */
export function movedCommands(region: string, { name, ports }: BalancedNode): string[] {
  const addresses = USES.map((use) => `set server ${sectionOf(region, use)}/${name} addr 127.0.0.1 port ${ports[use]}`);
  return [
    ...addresses,
    `set server ${ownSectionOf(name)}/${name} addr 127.0.0.1 port ${ports.client}`,
    `set server ${sectionOf(region, "client")}/${name} check-port ${ports.metrics}`,
  ];
}

/** Which node each connection of `show sess` is at, by the port the client has. */
export function nodesByClientPort(sessions: string): ReadonlyMap<number, string> {
  const found = sessions.matchAll(/ src=[\d.]+:(\d+) .* srv=(\S+) /g);
  return new Map([...found].map(([, port = "", node = ""]) => [Number(port), node]));
}

function quoted(text: string): string {
  return `"${text.replace(/["\\$]/g, "\\$&")}"`;
}
