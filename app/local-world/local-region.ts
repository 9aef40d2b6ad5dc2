// One region of a local world: its certificate, store and nodes, and the ports at which clients and servers find it.
import { writeFileSync } from "node:fs";
import type { NodeConfigInput } from "../../contract/contract.ts";
import type { Region, World } from "../../regions/world.ts";
import type { LogIn } from "../../xmpp/client/client.ts";
import type { BalancedRegion } from "./balancer-config.ts";
import type { Authority } from "./certificate-authority.ts";
import type { DataFolder } from "./data-folder.ts";
import { type LocalAccount, storeAccounts } from "./demo-accounts.ts";
import { LocalNode } from "./local-node.ts";
import { localNodeConfig, type NodeSurroundings } from "./node-config.ts";
import { anyFree, type BehindPorts, type NodePorts } from "./ports.ts";
import { withoutPassword } from "./url.ts";
import { type RegionState, type RegionStatus, webSocketUrl } from "./world-status.ts";

/** What a region needs of its world. */
export interface RegionOptions {
  readonly folder: DataFolder;
  readonly authority: Authority;
  /** The zone server, `address:port`. */
  readonly nameServer: string;
  /** File of the world's dialback secret. */
  readonly secret: string;
  /** Whom to write to, as the world file says it. */
  readonly contacts: World["contacts"];
  /** Ports that the region had last, or usually has. */
  readonly ports: NodePorts;
  /** Nodes behind a balancer; undefined: one node, at the region's ports. */
  readonly behind: readonly BehindNode[] | undefined;
  storageOf(file: string): NodeConfigInput["storage"];
  readonly cluster: NodeConfigInput["cluster"];
  readonly verbose: boolean;
  /** Program arguments that run a node of an image with a configuration file. */
  readonly nodeArgs: (configFile: string, image: string) => readonly string[];
  print(line: string): void;
  /** Writes what a node's log says, with the domains whose link it is about. */
  warn(line: string, domains: readonly string[]): void;
  /** Called after anything of `status` changed. */
  onChange(): void;
  /** Called when a node listens: after each start. */
  onListening(node: LocalNode): void;
}

/** A node behind a balancer. */
export interface BehindNode {
  readonly ports: BehindPorts;
  /** The balancer's port that leads to it alone. */
  readonly own: number;
}

const CERTIFICATE_DAYS = 365;

/** A region that runs, or is about to. */
export class LocalRegion {
  #region: Region;
  readonly nodes: readonly LocalNode[];
  readonly #options: RegionOptions;
  readonly #surroundings: Omit<NodeSurroundings, "name" | "ports" | "location">;
  #ports: NodePorts;
  /** The balancer's port of each node. */
  #own: readonly number[];
  #state: "starting" | "open" | "shut" | "ending" = "starting";

  constructor(region: Region, options: RegionOptions) {
    const { folder, behind } = options;
    const file = (name: string) => folder.file("regions", region.name, name);
    this.#region = region;
    this.#options = options;
    this.#ports = options.ports;
    this.#own = (behind ?? []).map(({ own }) => own);
    this.#surroundings = {
      certificate: { certificate: file("certificate.pem"), key: file("key.pem") },
      authority: options.authority.caFile,
      storage: options.storageOf(file("store.sqlite")),
      cluster: options.cluster,
      behindBalancer: behind !== undefined,
      folder: folder.file("regions", region.name, "."),
      secret: options.secret,
      contacts: options.contacts,
      nameServer: options.nameServer,
      logLevel: options.verbose ? "debug" : "info",
    };
    this.nodes = (behind ?? [undefined]).map((node, index) => this.#node(node, index));
  }

  /** What it runs with now. */
  get region(): Region {
    return this.#region;
  }

  /** Everything that changes. */
  get status(): RegionStatus {
    const nodes = this.nodes.map((node) => node.status);
    const { storage } = this.#surroundings;
    return {
      name: this.region.name,
      domain: this.region.domain,
      state: this.#stateNow(nodes),
      ports: this.ports,
      sessions: nodes.reduce((sum, { sessions }) => sum + sessions, 0),
      links: nodes.flatMap(({ links }) => links),
      store: "file" in storage ? storage.file : "url" in storage ? withoutPassword(storage.url) : storage.kind,
      restarts: nodes.reduce((sum, { restarts }) => sum + restarts, 0),
      nodes: nodes.map(({ links: _, ...node }) => node),
    };
  }

  /** When a node of it was away last, ms since the epoch: now, while one is. */
  get lastAway(): number {
    return Math.max(...this.nodes.map((node) => node.lastAway));
  }

  /** Where clients and servers find it: its balancer, or its one node. */
  get ports(): NodePorts {
    return this.#options.behind === undefined ? (this.nodes[0]?.ports ?? this.#ports) : this.#ports;
  }

  /** The configuration of a node of it, with the ports as they are now. */
  get config(): NodeConfigInput {
    const [node] = this.nodes;
    if (node === undefined) throw new Error(`${this.region.name} has no node`);
    return node.config;
  }

  /** Issues the certificate, writes the configurations and makes the accounts; no node runs yet. */
  async prepare(accounts: readonly LocalAccount[], contacts: readonly LocalAccount[]): Promise<void> {
    const issued = this.#options.authority.issue({ domains: [this.region.domain], days: CERTIFICATE_DAYS });
    const [{ certificate, key }] = await Promise.all([issued, storeAccounts(this.config, accounts, contacts)]);
    writeFileSync(this.#surroundings.certificate.certificate, certificate, { mode: 0o600 });
    writeFileSync(this.#surroundings.certificate.key, key, { mode: 0o600 });
    if (this.#options.behind !== undefined) await this.takeFreePorts();
    await Promise.all(this.nodes.map((node) => node.prepare()));
  }

  /** What its balancer is told of it. */
  get balanced(): BalancedRegion {
    const nodes = this.nodes.flatMap(({ name, ports }, index) => {
      const own = this.#own[index];
      return own !== undefined && "metrics" in ports ? [{ name, ports, own }] : [];
    });
    return { name: this.region.name, ports: this.#ports, nodes };
  }

  /** Takes ports that are free for its balancer, which does not tell which it took. */
  async takeFreePorts(): Promise<void> {
    const entries = Object.entries(this.#ports).map(async ([use, port]) => [use, await anyFree(port)]);
    this.#ports = Object.fromEntries(await Promise.all(entries)) as NodePorts;
    this.#own = await Promise.all(this.#own.map(anyFree));
  }

  /** Clients and servers reach it from now on, or no longer. */
  open(isOpen: boolean): void {
    if (this.#state !== "ending") this.#state = isOpen ? "open" : "shut";
  }

  /**
   * Takes it to other settings, or another version: each node is drained, then started anew, one after the other.
   * @throws Failure
   */
  async replace(region: Region): Promise<void> {
    this.#region = region;
    for (const node of this.nodes) await node.replace();
  }

  /** The world is about to end: what goes wrong from now on is nobody's business. */
  ending(): void {
    this.#state = "ending";
    for (const node of this.nodes) node.ending();
  }

  /** Drains every node; resolves when no process is left. */
  async stop(): Promise<void> {
    this.ending();
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  /** Kills every process at once. */
  kill(): void {
    for (const node of this.nodes) node.kill();
  }

  /** How to log in here. */
  logIn(account: LocalAccount, over: "websocket" | "tcp", resource: string): LogIn {
    const { domain, local, password } = account;
    const who = { domain, local, password, resource };
    if (over === "websocket") return { ...who, over: { kind: "websocket", url: webSocketUrl(this.ports) } };
    const { ca } = this.#options.authority;
    return { ...who, over: { kind: "tcp", host: "127.0.0.1", port: this.ports.client, authority: ca } };
  }

  #node(behind: BehindNode | undefined, index: number): LocalNode {
    const { folder, verbose, print, warn, onChange, onListening } = this.#options;
    const { name: region } = this.#region;
    const name = `${region}-${index + 1}`;
    const location = () => (behind === undefined ? undefined : `127.0.0.1:${this.#own[index]}`);
    const configFile = folder.file("regions", region, behind === undefined ? "node.json" : `${name}.json`);
    const shown = behind === undefined ? region : name;
    const node: LocalNode = new LocalNode({
      name: shown,
      configFile,
      logFile: folder.file("logs", `${shown}.log`),
      ports: behind?.ports ?? this.#options.ports,
      verbose,
      configOf: (ports) => localNodeConfig(this.#region, { ...this.#surroundings, name, ports, location: location() }),
      args: () => this.#options.nodeArgs(configFile, this.#region.image),
      print,
      warn,
      onChange,
      onListening: () => onListening(node),
    });
    return node;
  }

  #stateNow(nodes: readonly { readonly state: RegionState }[]): RegionState {
    if (this.#state === "ending" || this.#state === "starting") return this.#state;
    return this.#state === "open" && nodes.some(({ state }) => state === "up") ? "up" : "restarting";
  }
}
