// What a region's load balancer lets through, and where it goes: the only open ports of a region; and those within it.

/** One way in: the port the world knows, and the port a node listens on (above 1023, for nodes are not root). */
export interface OpenPort {
  /** Short, for it becomes part of names that AWS limits to 32 characters. */
  readonly name: string;
  readonly listen: number;
  readonly target: number;
  readonly what: string;
}

export const openPorts: readonly OpenPort[] = [
  { name: "c2s", listen: 5222, target: 5222, what: "clients, STARTTLS (RFC 6120 §5)" },
  { name: "c2s-tls", listen: 5223, target: 5223, what: "clients, direct TLS (XEP-0368)" },
  { name: "https", listen: 443, target: 5443, what: "WebSocket and HTTPS; direct TLS by ALPN (XEP-0368 §3)" },
  { name: "s2s", listen: 5269, target: 5269, what: "servers, STARTTLS" },
  { name: "s2s-tls", listen: 5270, target: 5270, what: "servers, direct TLS (XEP-0368)" },
];

/** Port at which the nodes of a region speak to each other, open to them alone. */
export const linksPort = 5275;

/** Port of a node's metrics and health, on its loopback alone. */
export const metricsPort = 9464;

/** Idle time after which the load balancer may cut a connection, seconds: servers and clients ping within it. */
export const idleSeconds = 3600;

/** Files that a node's keeper writes and its server reads, on a volume that lives and dies with the task. */
export const files = {
  folder: "/run/meridian",
  config: "/run/meridian/config.json",
  certificate: "/run/meridian/certificate.pem",
  key: "/run/meridian/key.pem",
  worldSecret: "/run/meridian/world-secret",
  worldAuthority: "/run/meridian/world-authority.pem",
  pgpass: "/run/meridian/pgpass",
  cacheToken: "/run/meridian/cache-token",
  ready: "/run/meridian/ready",
  databaseAuthorities: "/opt/meridian/rds-authorities.pem",
} as const;
