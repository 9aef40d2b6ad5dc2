// Our server as others meet it: one region in this process, with a name server and an authority of its own.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { type Authority, openAuthority } from "../../app/local-world/certificate-authority.ts";
import { startZone, type ZoneRecord, type ZoneServer } from "../../app/local-world/dns.ts";
import { type RunningNode, startNode } from "../../app/node.ts";
import { NodeConfig, type NodeConfigInput } from "../../contract/contract.ts";
import { check } from "../../contract/load.ts";
import type { ClientTransport } from "./foreign-client.ts";

/** Password of every account in these tests. */
export const PASSWORD = "pencil";

/** A certificate for another server, PEM. */
export interface CertificateText {
  readonly certificateText: string;
  readonly keyText: string;
  /** Of the authority that signed it. */
  readonly authorityText: string;
}

/** A region that runs. */
export interface Region {
  readonly domain: string;
  readonly node: RunningNode;
  readonly zone: ZoneServer;
  /** PEM file of the root that signs this region's certificate. */
  readonly authority: string;
  /** Where clients connect. */
  service(transport: ClientTransport): string;
  createAccount(local: string): Promise<void>;
  /** Makes a remote domain known to DNS. */
  announce(domain: string, ports: { readonly starttls?: number; readonly direct?: number }): void;
  /** A certificate for a domain, by our authority or by one that we do not trust. */
  certificate(domain: string, trusted: boolean): Promise<CertificateText>;
  /** What the server logged. */
  log(): string;
  stop(): Promise<void>;
}

/** Starts a region for one domain. `federation` is laid over the configuration. */
export async function startRegion(domain: string, federation: NodeConfigInput["federation"] = {}): Promise<Region> {
  const folder = await mkdtemp(join(tmpdir(), "interop-"));
  const ours = await openAuthority(join(folder, "ours"));
  const theirs = await openAuthority(join(folder, "theirs"));
  const zone = await startZone({ records: [], zones: ["."] });
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  // Clients that check the certificate against the address they were given find "localhost" in it.
  const issued = await ours.issue({ domains: [domain, "localhost"], days: 90 });
  const certificate = { certificate: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  await writeFile(certificate.certificate, issued.certificate);
  await writeFile(certificate.key, issued.key);
  const node = await startNode(check(NodeConfig, configOf(domain, certificate, ours, zone, federation), "interop"), {
    log,
  });
  const port = (kind: string, tls?: string) =>
    node.listeners.find((one) => one.kind === kind && (tls === undefined || one.tls === tls))?.port ?? 0;
  const records: ZoneRecord[] = [
    { name: TARGET, type: "A", address: "127.0.0.1" },
    ...recordsOf(domain, { starttls: port("s2s", "starttls"), direct: port("s2s", "direct") }),
  ];
  zone.setRecords(records);
  return {
    domain,
    node,
    zone,
    authority: ours.caFile,
    service: (transport) =>
      transport === "websocket"
        ? `ws://localhost:${port("http")}/xmpp-websocket`
        : `localhost:${port("c2s", transport === "tls" ? "direct" : "starttls")}`,
    async createAccount(local) {
      await node.server.accounts.create(domain, local, PASSWORD);
    },
    announce(remote, ports) {
      records.push(...recordsOf(remote, ports));
      zone.setRecords(records);
    },
    async certificate(name, trusted) {
      const { certificate, key, ca } = await (trusted ? ours : theirs).issue({ domains: [name], days: 90 });
      return { certificateText: certificate, keyText: key, authorityText: ca };
    },
    log: () => lines.join(""),
    async stop() {
      await node.stop();
      await zone.close();
      await rm(folder, { recursive: true });
    },
  };
}

function configOf(
  domain: string,
  certificate: { readonly certificate: string; readonly key: string },
  authority: Authority,
  zone: ZoneServer,
  federation: NodeConfigInput["federation"],
): NodeConfigInput {
  return {
    node: "node-1",
    hosts: [{ domain, certificate }],
    listeners: [
      { kind: "c2s", port: 0, tls: "starttls" },
      { kind: "c2s", port: 0, tls: "direct" },
      { kind: "http", port: 0, tlsTerminated: true },
      { kind: "s2s", port: 0, tls: "starttls" },
      { kind: "s2s", port: 0, tls: "direct" },
    ],
    storage: { kind: "memory" },
    federation: {
      dnsServers: [zone.server],
      privateNetworks: ["127.0.0.0/8"],
      trustedAuthorities: [authority.caFile],
      publicAuthorities: false,
      dialbackSecret: "a dialback secret for interop",
      ...federation,
    },
  };
}

/** ejabberd asks the C library for the addresses of SRV targets, so they are a name that it knows. */
const TARGET = "localhost";

function recordsOf(domain: string, ports: { readonly starttls?: number; readonly direct?: number }): ZoneRecord[] {
  const srv = (service: string, port: number | undefined): ZoneRecord[] =>
    port === undefined
      ? []
      : [{ name: `${service}._tcp.${domain}`, type: "SRV", priority: 10, weight: 5, port, target: TARGET }];
  return [...srv("_xmpp-server", ports.starttls), ...srv("_xmpps-server", ports.direct)];
}
