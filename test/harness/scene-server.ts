// A server under test: its configuration from a talk's lines, its nodes started in this process.

import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { type RunningNode, startNode } from "../../app/node.ts";
import { NodeConfig } from "../../contract/contract.ts";
import { check } from "../../contract/load.ts";
import { deriveCredentials } from "../../server/accounts/credentials.ts";
import { ACCOUNTS } from "../../server/accounts/store.ts";
import type { Clock } from "../../xmpp/clock.ts";
import { authorityFile, type CertificateKind, certificateFiles } from "./certificates.ts";
import { answerBarriers, clusterBarrier } from "./cluster-barrier.ts";
import { StoreFaults } from "./faulty-store.ts";
import { type RedisSettings, startRedis, type TestRedis } from "./redis.ts";
import type { Options } from "./talk.ts";

/** A virtual host of a server and its settings. */
export interface HostPlan {
  readonly domain: string;
  readonly options: Options;
}

/** Ports of one node. */
export interface NodePorts {
  readonly c2s: number;
  readonly c2sTls: number;
  readonly http: number;
  readonly s2s: number;
  readonly s2sTls: number;
}

/** Password of every account whose talk does not name one. */
export const PASSWORD = "pencil";
const ITERATIONS = 4096;
const SECRET = "the dialback secret of the talks";
let credentials: ReturnType<typeof deriveCredentials> | undefined;

/** A server of one region: its nodes. */
export class ServerUnderTest {
  readonly hosts: HostPlan[];
  readonly nodes: RunningNode[] = [];
  /** Log lines, for the report of a failure. */
  readonly log: string[] = [];
  /** What of its storage hangs or fails, at all nodes. */
  readonly store = new StoreFaults();
  private readonly count: number;
  private readonly drained = new Set<RunningNode>();
  private folder: string | undefined;
  private redis: TestRedis | undefined;

  /** One Redis may serve several regions. */
  private readonly prefix = `talk-${randomBytes(4).toString("hex")}`;
  private readonly givenRedis: RedisSettings | undefined;

  /** `nodes` holds where the talk's line does not say how many there are; `redis` is one that runs already. */
  constructor(first: HostPlan, nodes = 1, redis?: RedisSettings) {
    this.givenRedis = redis;
    this.hosts = [first];
    this.count = Number(first.options.get("nodes") ?? nodes);
  }

  get domain(): string {
    return this.hosts[0]!.domain;
  }

  /** Starts the nodes; several share a database file and a Redis. */
  async start(clock: Clock, nameServer: string): Promise<void> {
    if (this.count > 1) {
      this.folder = await mkdtemp(join(tmpdir(), "talk-"));
      if (this.givenRedis === undefined) this.redis = await startRedis();
    }
    const log = pino(
      { level: process.env.TALK_LOG ?? "debug", base: null, timestamp: false },
      { write: (line: string) => void this.log.push(line) },
    );
    for (let i = 1; i <= this.count; i++)
      this.nodes.push(await startNode(this.config(`node-${i}`, nameServer), { clock, log }));
    for (const { server } of this.nodes) this.store.guard(server.storage);
    if (this.count === 1) return;
    for (const node of this.nodes) answerBarriers(node);
    await this.settle();
  }

  /** Resolves once what the nodes had for one another has arrived. */
  async settle(): Promise<void> {
    const running = this.nodes.filter((node) => !this.drained.has(node));
    if (running.length > 1) await clusterBarrier(running);
  }

  /** Ports of a node, counted from 1. */
  ports(node = 1): NodePorts {
    const running = this.nodes[node - 1];
    if (running === undefined) throw new Error(`${this.domain} has no node ${node}`);
    const port = (kind: string, tls?: string) =>
      running.listeners.find((one) => one.kind === kind && (tls === undefined || one.tls === tls))?.port ?? 0;
    return {
      c2s: port("c2s", "starttls"),
      c2sTls: port("c2s", "direct"),
      http: port("http"),
      s2s: port("s2s", "starttls"),
      s2sTls: port("s2s", "direct"),
    };
  }

  /** Makes an account; false where it exists. */
  async createAccount(domain: string, local: string, password: string | undefined): Promise<boolean> {
    const { accounts, storage, clock } = this.nodes[0]!.server;
    if (password !== undefined) return accounts.create(domain, local, password);
    credentials ??= deriveCredentials(PASSWORD, ITERATIONS);
    return storage.of(ACCOUNTS).create(domain, local, await credentials, clock.now());
  }

  /** Shuts a node down in order, or all. */
  async drain(node: number | undefined): Promise<void> {
    const going = this.nodes.filter((_, at) => node === undefined || at === node - 1);
    for (const one of going) this.drained.add(one);
    await Promise.all(going.map((one) => one.drain()));
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) if (!this.drained.has(node)) await node.stop();
    await this.redis?.end();
    if (this.folder !== undefined) await rm(this.folder, { recursive: true });
  }

  private config(node: string, nameServer: string): NodeConfig {
    const input: Record<string, unknown> = {
      node,
      region: "talk",
      hosts: this.hosts.map((host) => this.host(host)),
      listeners: [
        { kind: "c2s", port: 0, tls: "starttls" },
        { kind: "c2s", port: 0, tls: "direct" },
        { kind: "http", port: 0, tlsTerminated: true },
        { kind: "s2s", port: 0, tls: "starttls" },
        { kind: "s2s", port: 0, tls: "direct" },
      ],
      storage: this.folder === undefined ? { kind: "memory" } : { kind: "sqlite", file: join(this.folder, "store.db") },
      // Nodes of one busy process must not be taken for dead.
      ...(this.count === 1 ? {} : { cluster: { redis: this.redisSettings(), prefix: this.prefix, leaseSeconds: 30 } }),
      authentication: { scramIterations: ITERATIONS },
      federation: {
        dnsServers: [nameServer],
        privateNetworks: ["127.0.0.0/8", "::1"],
        trustedAuthorities: [authorityFile()],
        publicAuthorities: false,
        dialbackSecret: SECRET,
      },
    };
    for (const { options } of this.hosts.slice(0, 1))
      for (const [path, value] of options) if (!HOST_OPTION.test(path) && path !== "nodes") set(input, path, value);
    return check(NodeConfig, input, "server line");
  }

  private redisSettings(): RedisSettings {
    return this.givenRedis ?? { urls: [this.redis?.url ?? ""] };
  }

  private host({ domain, options }: HostPlan): object {
    const host: Record<string, unknown> = { domain, modules: {} };
    const certificate = options.get("certificate") ?? "good";
    if (certificate !== "none") host.certificate = certificateFiles(domain, certificate as CertificateKind);
    for (const [path, value] of options)
      if (path.startsWith("modules.")) set(host, path, value);
      else if (path === "admins") host.admins = value.split(",");
    return host;
  }
}

const HOST_OPTION = /^(modules\.|certificate$|admins$)/;

/** Sets a value at a path of names; numbers, booleans and lists are read as JSON. */
function set(target: Record<string, unknown>, path: string, text: string): void {
  const names = path.split(".");
  const last = names.pop() as string;
  let place = target;
  for (const name of names) {
    const next = place[name] ?? {};
    place[name] = next;
    place = next as Record<string, unknown>;
  }
  place[last] = value(text);
}

function value(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
