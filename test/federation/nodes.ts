// Whole nodes for tests of federation: a certificate authority, a name server, and services that record what reaches them.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { type Authority, openAuthority } from "../../app/local-world/certificate-authority.ts";
import { startZone, type ZoneOptions, type ZoneRecord, type ZoneServer } from "../../app/local-world/dns.ts";
import { type RunningNode, startNode } from "../../app/node.ts";
import { NodeConfig, type NodeConfigInput } from "../../contract/contract.ts";
import { check } from "../../contract/load.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { Content } from "../../xmpp/stanza/content.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { makeLeaf } from "../tls-identity/certificates.ts";
import { Relay } from "./relay.ts";

/** A domain of a test: `SERVICE` is served by a recorder, the domain itself by a virtual host. */
const SERVICE = "svc";

/** ms that tests wait for something. */
const PATIENCE = Number(process.env.PATIENCE ?? 45_000);

/** The authority of a test file, and what it issued: making keys takes longer than most tests. */
let shared: Promise<{ readonly authority: Authority; readonly folder: string }> | undefined;
const issued = new Map<string, ReturnType<Authority["issue"]>>();

function sharedAuthority() {
  shared ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), "federation-ca-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    return { authority: await openAuthority(folder), folder };
  })();
  return shared;
}

/** What tests share: name server, authority, folder. */
export class Ground {
  readonly folder: string;
  readonly authority: Authority;
  readonly zone: ZoneServer;
  private readonly records = new Map<string, ZoneRecord[]>();
  private readonly nodes: TestNode[] = [];
  private readonly relays: Relay[] = [];
  private unpublished = false;

  private constructor(folder: string, authority: Authority, zone: ZoneServer) {
    this.folder = folder;
    this.authority = authority;
    this.zone = zone;
  }

  static async lay(zoneOptions: Partial<ZoneOptions> = {}): Promise<Ground> {
    const folder = mkdtempSync(join(tmpdir(), "federation-"));
    const zone = await startZone({ records: [], zones: ["."], ...zoneOptions });
    return new Ground(folder, (await sharedAuthority()).authority, zone);
  }

  /** Says where a domain's server is. */
  announce(
    domain: string,
    port: number,
    direct = false,
    more: readonly ZoneRecord[] = [],
    address = "127.0.0.1",
  ): void {
    const service = direct ? "_xmpps-server" : "_xmpp-server";
    this.records.set(domain, [
      { name: `${service}._tcp.${domain}`, type: "SRV", priority: 1, weight: 1, port, target: `h.${domain}` },
      { name: `h.${domain}`, type: "A", address },
      ...more,
    ]);
    this.publish();
  }

  /** Has DNS say this of a domain, in place of what it said. */
  announceRecords(domain: string, records: readonly ZoneRecord[]): void {
    this.records.set(domain, [...records]);
    this.publish();
  }

  /** Once for all that is announced in one go: a question comes later in any case. */
  private publish(): void {
    if (this.unpublished) return;
    this.unpublished = true;
    queueMicrotask(() => {
      this.unpublished = false;
      this.zone.setRecords([...this.records.values()].flat());
    });
  }

  /** Writes a certificate of the authority for a domain and its service. */
  async certify(domain: string, name = domain): Promise<{ certificate: string; key: string }> {
    const domains = [domain, `${SERVICE}.${domain}`];
    const issuing = issued.get(domain) ?? this.authority.issue({ domains, days: 90 });
    issued.set(domain, issuing);
    const { certificate, key } = await issuing;
    const files = { certificate: join(this.folder, `${name}.crt`), key: join(this.folder, `${name}.key`) };
    writeFileSync(files.certificate, certificate);
    writeFileSync(files.key, key);
    return files;
  }

  /** Writes a certificate by itself, which nobody believes. */
  selfSigned(domain: string): { certificate: string; key: string } {
    const { pem, keyPem } = makeLeaf(undefined, { name: domain, dns: [domain, `${SERVICE}.${domain}`] });
    const files = { certificate: join(this.folder, `${domain}.crt`), key: join(this.folder, `${domain}.key`) };
    writeFileSync(files.certificate, pem);
    writeFileSync(files.key, keyPem);
    return files;
  }

  /** Starts a node of one domain and announces it. */
  async node(
    domain: string,
    federation: object = {},
    direct = false,
    kind: "good" | "self-signed" | "none" = "good",
  ): Promise<TestNode> {
    const certificate =
      kind === "none" ? undefined : kind === "good" ? await this.certify(domain) : this.selfSigned(domain);
    const config: NodeConfigInput = {
      node: domain,
      hosts: [{ domain, ...(certificate === undefined ? {} : { certificate }) }],
      listeners: [{ kind: "s2s", port: 0, tls: direct ? "direct" : "starttls" }],
      storage: { kind: "memory" },
      drainSeconds: 5,
      federation: {
        dnsServers: [this.zone.server],
        // The slow network has addresses of the latter kind.
        privateNetworks: ["127.0.0.0/8", "::1", "10.77.0.0/16"],
        trustedAuthorities: [this.authority.caFile],
        publicAuthorities: false,
        dialbackSecret: `a secret of ${domain} for tests`,
        ...federation,
      },
    };
    const node = await TestNode.start(domain, check(NodeConfig, config, "test"));
    this.nodes.push(node);
    this.announce(domain, node.port, direct);
    this.announce(node.service, node.port, direct);
    return node;
  }

  /** A relay to a port, which the domain's DNS records lead to from now on. */
  async relay(domain: string, target: () => number, direct = false): Promise<Relay> {
    const relay = await Relay.to(target);
    this.relays.push(relay);
    this.announce(domain, relay.port, direct);
    return relay;
  }

  async clear(): Promise<void> {
    for (const relay of this.relays) relay.close();
    for (const node of this.nodes) await node.stop();
    await this.zone.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** A node, and what reached its service. */
export class TestNode {
  readonly domain: string;
  readonly service: string;
  readonly config: NodeConfig;
  readonly running: RunningNode;
  readonly log: string[];
  readonly received: Stanza[] = [];
  private readonly waiters = new Set<() => void>();

  private constructor(domain: string, config: NodeConfig, running: RunningNode, log: string[]) {
    this.domain = domain;
    this.service = `${SERVICE}.${domain}`;
    this.config = config;
    this.running = running;
    this.log = log;
    running.server.router.services.set(this.service, {
      accept: (stanza) => {
        this.received.push(stanza);
        for (const wake of [...this.waiters]) wake();
      },
    });
  }

  static async start(domain: string, config: NodeConfig): Promise<TestNode> {
    const lines: string[] = [];
    const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
    return new TestNode(domain, config, await startNode(config, { log }), lines);
  }

  get port(): number {
    return this.running.listeners.find(({ kind }) => kind === "s2s")?.port ?? 0;
  }

  get federation() {
    if (this.running.federation === undefined) throw new Error("no federation");
    return this.running.federation;
  }

  /** True once something was sent and all of it acknowledged. */
  get acknowledged(): boolean {
    const pairs = this.federation.outgoingStatus();
    return pairs.some(({ state }) => state === "up") && pairs.every(({ unacknowledged }) => unacknowledged === 0);
  }

  /** Sends a message of the service. */
  send(to: string, body: string, id = body): void {
    this.route(message(`x@${this.service}`, to, id, body));
  }

  route(stanza: Stanza): void {
    void this.running.server.router.route(stanza);
  }

  /** Bodies received, errors as `error ID`. */
  bodies(): string[] {
    return this.received.map((stanza) =>
      stanza.type === "error" ? `error ${stanza.id}` : (stanza.element().getChildText("body") ?? ""),
    );
  }

  /** Waits until `done` holds, at most `ms`; looked at whenever something arrives. @throws Error with the node's log */
  until(done: () => boolean, what: string, ms = PATIENCE): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!done()) return;
        finish();
        resolve();
      };
      const finish = () => {
        this.waiters.delete(look);
        clearTimeout(timer);
        clearInterval(poll);
      };
      const timer = setTimeout(() => {
        finish();
        reject(new Error(`${this.domain}: ${what} did not come\n${this.log.slice(-40).join("")}`));
      }, ms);
      // Some things (a state, a stream's end) come without a stanza.
      const poll = setInterval(look, 20);
      this.waiters.add(look);
      look();
    });
  }

  stop(): Promise<void> {
    return this.running.stop();
  }
}

/** A chat message. */
export function message(from: string, to: string, id: string, body: string): Stanza {
  const tail = `><body>${body}</body></message>`;
  const children = [{ name: "body", xmlns: "jabber:client" }];
  return new Stanza("message", Jid.parse(from), Jid.parse(to), new Content(id, "chat", undefined, "", tail, children));
}
