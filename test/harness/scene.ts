// The stage of one talk: servers under test, impersonated servers, DNS, clock, and everybody who speaks.

import type { Subscription } from "../../server/modules/roster/port.ts";
import { ROSTERS } from "../../server/modules/roster/store.ts";
import type { Actor } from "./actor.ts";
import { type CertificateKind, clientContext, TALK_START } from "./certificates.ts";
import { Client } from "./client.ts";
import { ManualClock, turns } from "./manual-clock.ts";
import { Peer, type PeerPlan } from "./peer.ts";
import { PeerWire } from "./peer-wire.ts";
import type { RedisSettings } from "./redis.ts";
import { S2S_PORT, S2S_TLS_PORT, SceneDns } from "./scene-dns.ts";
import { peerPlan, stageOf } from "./scene-options.ts";
import { PASSWORD, ServerUnderTest } from "./scene-server.ts";
import type { SharedServer } from "./shared-server.ts";
import type { Options, Step } from "./talk.ts";
import { Transcript } from "./transcript.ts";
import { WebSocketWire } from "./websocket-wire.ts";
import { TcpWire, type Wire } from "./wire.ts";

type Setup = Extract<Step, { do: "account" | "roster" }>;

/** How a talk is run, beside what it says itself. */
export interface SceneOptions {
  readonly spread?: number;
  readonly redis?: RedisSettings;
  readonly shared?: SharedServer | undefined;
}

/** Everything that lives as long as one talk. */
export class Scene {
  readonly clock: ManualClock;
  readonly transcript = new Transcript();
  readonly dns: SceneDns;
  readonly servers: ServerUnderTest[] = [];
  readonly peers = new Map<string, Peer>();
  readonly actors = new Map<string, Actor>();
  private readonly plans: PeerPlan[] = [];
  private readonly setups: Setup[] = [];
  private readonly dnsLines: Extract<Step, { do: "dns" }>[] = [];
  private readonly probes: Wire[] = [];
  /** Contacts of rosters: whose, and where. */
  private readonly contacts: { readonly owner: string; readonly domain: string }[] = [];
  private readonly draining: Promise<void>[] = [];
  /** Nodes of a server whose line does not say how many it has; its clients come to them in turn. */
  private readonly spread: number;
  private started = false;
  private clients = 0;

  private readonly redis: RedisSettings | undefined;
  private readonly shared: SharedServer | undefined;

  /** `redis`: one that runs already, for servers of several nodes. `shared`: a server that is used after this talk too. */
  constructor({ spread = 1, redis, shared }: SceneOptions = {}) {
    this.spread = spread;
    this.redis = redis;
    this.shared = shared;
    this.clock = shared?.clock ?? new ManualClock(TALK_START);
    this.dns = shared?.dns ?? new SceneDns();
  }

  /** Takes a line that says what there is; false for one that says what happens. */
  prepare(step: Step): boolean {
    switch (step.do) {
      case "server":
        this.servers.push(
          this.shared?.server ??
            new ServerUnderTest({ domain: step.domain, options: step.options }, this.spread, this.redis),
        );
        return true;
      case "host":
        this.servers.at(-1)!.hosts.push({ domain: step.domain, options: step.options });
        return true;
      case "peer":
        this.plans.push(peerPlan(step.domain, step.options));
        return true;
      case "dns":
        if (this.started) this.dns.change(step.name, step.data);
        else this.dnsLines.push(step);
        return true;
      case "account":
      case "roster":
        this.setups.push(step);
        return true;
      default:
        return false;
    }
  }

  /** Starts what was prepared; what was prepared since is added. */
  async start(): Promise<void> {
    if (!this.started) {
      this.started = true;
      if (this.shared === undefined) {
        await this.dns.start();
        for (const server of this.servers) await this.startServer(server);
      }
      for (const plan of this.plans) await this.startPeer(plan);
      for (const { name, data } of this.dnsLines) this.dns.change(name, data);
    }
    for (const setup of this.setups.splice(0))
      if (setup.do === "account") await this.createAccount(setup.jid, setup.password);
      else await this.putContact(setup.owner, setup.contact, setup.options);
  }

  /** Connects a client and brings it to its stage. */
  async client(name: string, jid: string, options: Options): Promise<void> {
    const [, local = "", domain = "", resource = ""] = /^(?:([^@/]*)@)?([^/]+)(?:\/(.*))?$/.exec(jid) ?? [];
    const server = this.serverOf(domain);
    const transport = options.get("transport") ?? "tcp";
    if (local !== "" && !options.has("unregistered")) await this.createAccount(jid.replace(/\/.*$/, ""), undefined);
    const node = Number(options.get("node") ?? (this.clients++ % this.spread) + 1);
    const wire = await this.connect(name, server, domain, transport, node);
    const client = new Client(
      name,
      wire,
      {
        domain,
        resource,
        login: { user: local, password: options.get("password") ?? PASSWORD },
        mechanism: options.get("mechanism") ?? "PLAIN",
        starttls: transport === "tcp",
        stage: stageOf(options),
        lang: options.get("lang"),
        priority: options.has("priority") ? Number(options.get("priority")) : undefined,
      },
      () => this.elsewhere(server, node),
    );
    this.actors.set(name, client);
    await client.negotiate();
    await server.settle();
    if (client.full !== undefined) this.transcript.collapse(name, `- logged in as ${client.full} over ${transport}`);
    if (client.plan.stage === "online") await this.settleOnline(client);
  }

  /** A connection of an impersonated server that the talk speaks by itself. */
  async wire(name: string, peerDomain: string, way: "connects" | "accepts", options: Options): Promise<void> {
    const peer = this.peers.get(peerDomain);
    if (peer === undefined) throw new Error(`there is no peer ${peerDomain}`);
    const to = options.get("to") ?? this.servers[0]!.domain;
    const plan = {
      direct: options.get("tls") === "direct",
      certificate: options.get("certificate") as CertificateKind | undefined,
      node: Number(options.get("node") ?? 1),
    };
    const wire = way === "accepts" ? await peer.accept(name) : await peer.connect(name, to, plan);
    const actor = new PeerWire(name, wire, peer, to, () => this.elsewhere(this.serverOf(to)));
    this.actors.set(name, actor);
    await actor.negotiate(options.get("stage") ?? "connected", way, options.get("id") ?? "s1");
  }

  /** Other nodes know what a client was told: where clients are spread, talks know nothing of the moment in between. */
  async settle(): Promise<void> {
    if (this.spread > 1) for (const server of this.servers) await server.settle();
  }

  /** Waits until all that the parties have sent has taken effect. */
  async sync(but?: Actor): Promise<void> {
    for (let round = 0; round < 2; round++) {
      for (const actor of this.actors.values()) if (actor !== but && actor.live) await actor.barrier();
      for (const server of this.servers) await server.settle();
    }
    for (const peer of this.peers.values()) if (peer !== but && peer.live) await peer.barrier();
    await turns(1);
  }

  /** The server that serves a domain. @throws Error */
  serverOf(domain: string): ServerUnderTest {
    const server = this.servers.find(({ hosts }) => hosts.some((host) => host.domain === domain)) ?? this.servers[0];
    if (server === undefined) throw new Error("there is no server");
    return server;
  }

  /** Begins an orderly shutdown of one node or all, which goes on while the talk does. */
  drain(domain: string, node: number | undefined): void {
    this.draining.push(this.serverOf(domain).drain(node));
  }

  async stop(): Promise<void> {
    for (const actor of this.actors.values()) actor.cut();
    for (const probe of this.probes) probe.destroy();
    for (const peer of this.peers.values()) await peer.stop();
    await Promise.all(this.draining);
    if (this.shared !== undefined) return;
    for (const server of this.servers) await server.stop();
    await this.dns.stop();
  }

  private async startServer(server: ServerUnderTest): Promise<void> {
    await server.start(this.clock, this.dns.address);
    for (const { domain } of server.hosts)
      server.nodes.forEach((_, index) => {
        const { s2s } = server.ports(index + 1);
        const ports = new Map([[S2S_PORT, s2s]]);
        this.dns.announce(domain, `node-${index + 1}.${domain}`, { address: "127.0.0.1", ports });
      });
  }

  private async startPeer(plan: PeerPlan): Promise<void> {
    const peer = new Peer(plan, this.transcript, (domain, node) => {
      const server = this.serverOf(domain ?? "");
      const { s2s, s2sTls } = server.ports(node);
      const served = server.hosts.find((host) => host.domain === domain)?.domain ?? server.domain;
      return { domain: served, ports: { starttls: s2s, direct: s2sTls } };
    });
    await peer.listen();
    this.peers.set(plan.domain, peer);
    this.actors.set(plan.domain.split(".")[0]!, peer);
    const ports = new Map([[plan.tls === "direct" ? S2S_TLS_PORT : S2S_PORT, peer.port]]);
    this.dns.announce(plan.domain, `xmpp.${plan.domain}`, { address: plan.address, ports });
  }

  private async createAccount(jid: string, password: string | undefined): Promise<void> {
    const [local = "", domain = ""] = jid.split("@");
    await this.serverOf(domain).createAccount(domain, local, password);
  }

  /** Puts a contact into a stored roster, as if it had come to be by earlier talk. */
  private async putContact(owner: string, contact: string, options: Options): Promise<void> {
    const [local = "", domain = ""] = owner.split("@");
    await this.createAccount(owner, undefined);
    this.contacts.push({ owner, domain: contact.replace(/^.*@/, "") });
    const subscription = ["none", "to", "from", "both"].find((one) => options.has(one)) ?? "none";
    await this.serverOf(domain)
      .nodes[0]!.server.storage.of(ROSTERS)
      .put(domain, local, {
        jid: contact,
        name: options.get("name") ?? "",
        groups: options.get("groups")?.split(",") ?? [],
        subscription: subscription as Subscription,
        ask: options.has("ask"),
        approved: options.has("approved"),
        pendingIn: options.has("pending") ? `<presence from='${contact}' to='${owner}' type='subscribe'/>` : undefined,
        listed: !options.has("pending") || subscription !== "none",
      });
  }

  private async connect(
    name: string,
    server: ServerUnderTest,
    domain: string,
    transport: string,
    node: number,
  ): Promise<Wire> {
    const ports = server.ports(node);
    if (transport === "websocket")
      return WebSocketWire.connect(name, `ws://127.0.0.1:${ports.http}/xmpp-websocket`, this.transcript);
    const direct = transport === "tls";
    const tls = { context: clientContext(), servername: domain, alpn: direct ? "xmpp-client" : undefined };
    return TcpWire.connect(name, direct ? ports.c2sTls : ports.c2s, "127.0.0.1", this.transcript, tls, direct);
  }

  /** Everybody sees the new resource; none of it is the talk's subject. */
  private async settleOnline(client: Client): Promise<void> {
    const bare = client.full?.replace(/\/.*$/, "");
    for (const setup of this.rosterPeers(bare)) await setup.barrier();
    await this.sync();
    for (const actor of this.actors.values())
      actor.inbox.drop((item) => {
        if (item.kind !== "element" || item.node.name !== "presence") return false;
        const from = item.node.attributes.get("from");
        const type = item.node.attributes.get("type");
        if (actor === client) return type === undefined || type === "unavailable";
        return (
          (from === client.full && type === undefined) || ((from === client.full || from === bare) && type === "probe")
        );
      });
  }

  private rosterPeers(bare: string | undefined): Peer[] {
    return this.contacts.filter(({ owner }) => owner === bare).flatMap(({ domain }) => this.peers.get(domain) ?? []);
  }

  /** A question and its answer on a connection of its own: what came before is dealt with. */
  private async elsewhere(server: ServerUnderTest, node = 1): Promise<void> {
    const wire = await TcpWire.connect("(barrier)", server.ports(node).c2s, "127.0.0.1", new Transcript());
    this.probes.push(wire);
    wire.send(
      `<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" to="${server.domain}" version="1.0">`,
    );
    await wire.inbox.next();
    wire.destroy();
    await turns(4);
  }
}
