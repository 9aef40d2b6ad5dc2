// One region of a local world: its certificate, store, configuration, ports and its node's process.
import { writeFileSync } from "node:fs";
import type { Region } from "../../regions/world.ts";
import { Failure } from "../cli/command.ts";
import type { Authority } from "./certificate-authority.ts";
import type { LogIn } from "./client.ts";
import type { DataFolder } from "./data-folder.ts";
import type { LocalAccount } from "./demo-accounts.ts";
import { storeAccounts } from "./demo-accounts.ts";
import { localNodeConfig, type NodeSurroundings, portsOf } from "./node-config.ts";
import { NodeProcess, type ReportedLink, StartFailed } from "./node-process.ts";
import { anyPorts, freeOf, type NodePorts } from "./ports.ts";
import { openRegionLog, type RegionLog } from "./region-log.ts";
import { type RegionState, type RegionStatus, webSocketUrl } from "./world-status.ts";

/** What a region needs of its world. */
export interface RegionOptions {
  readonly folder: DataFolder;
  readonly authority: Authority;
  /** The zone server, `address:port`. */
  readonly nameServer: string;
  /** File of the world's dialback secret. */
  readonly secret: string;
  readonly ports: NodePorts;
  readonly verbose: boolean;
  /** Program arguments that run a node of an image with a configuration file. */
  readonly nodeArgs: (configFile: string, image: string) => readonly string[];
  print(line: string): void;
  /** Called after anything of `status` changed. */
  onChange(): void;
}

const CERTIFICATE_DAYS = 365;
/** Time a node has to drain before it is killed, ms; more than its own bound. */
const STOP_MS = 10_000;

/** A region that runs, or is about to. */
export class LocalRegion {
  #region: Region;
  readonly configFile: string;
  readonly log: RegionLog;
  readonly #options: RegionOptions;
  readonly #process: NodeProcess;
  readonly #surroundings: Omit<NodeSurroundings, "ports">;
  #ports: NodePorts;
  #state: RegionState = "starting";
  #sessions = 0;
  #links: readonly ReportedLink[] = [];
  #restarts = 0;

  constructor(region: Region, options: RegionOptions) {
    const { folder } = options;
    const file = (name: string) => folder.file("regions", region.name, name);
    this.#region = region;
    this.#options = options;
    this.#ports = options.ports;
    this.configFile = file("node.json");
    this.#surroundings = {
      certificate: { certificate: file("certificate.pem"), key: file("key.pem") },
      authority: options.authority.caFile,
      store: file("store.sqlite"),
      secret: options.secret,
      nameServer: options.nameServer,
      logLevel: options.verbose ? "debug" : "info",
    };
    const logFile = folder.file("logs", `${region.name}.log`);
    const { verbose, print } = options;
    // While everything ends, regions miss one another: that is nothing to be told of.
    const tell = (line: string) => (verbose || this.#state !== "ending") && print(line);
    this.log = openRegionLog({ region: region.name, file: logFile, verbose, print: tell });
    const args = () => options.nodeArgs(this.configFile, this.#region.image);
    this.#process = new NodeProcess({
      get args() {
        return args();
      },
      onOutput: (text) => this.log.write(text),
      onReady: (listeners) => this.#set("up", { ports: portsOf(listeners) }),
      onStatus: (status) => this.#set(this.#state, status),
      onDown: (reason, retryMs) => this.#down(reason, retryMs),
    });
  }

  /** What it runs with now. */
  get region(): Region {
    return this.#region;
  }

  /** Everything that changes. */
  get status(): RegionStatus {
    return {
      name: this.region.name,
      domain: this.region.domain,
      state: this.#state,
      pid: this.#process.pid,
      ports: this.#ports,
      sessions: this.#sessions,
      links: this.#links,
      store: this.#surroundings.store,
      restarts: this.#restarts,
    };
  }

  /** The node's configuration with the ports as they are now. */
  get config() {
    return localNodeConfig(this.region, { ...this.#surroundings, ports: this.#ports });
  }

  /** Issues the certificate, writes the configuration and makes the accounts; the node does not run yet. */
  async prepare(accounts: readonly LocalAccount[], contacts: readonly LocalAccount[]): Promise<void> {
    const issued = this.#options.authority.issue({ domains: [this.region.domain], days: CERTIFICATE_DAYS });
    const [{ certificate, key }] = await Promise.all([issued, storeAccounts(this.config, accounts, contacts)]);
    writeFileSync(this.#surroundings.certificate.certificate, certificate, { mode: 0o600 });
    writeFileSync(this.#surroundings.certificate.key, key, { mode: 0o600 });
    this.#ports = await freeOf(this.#ports);
    this.#writeConfig();
  }

  /** Starts the node. @throws Failure when it cannot be started */
  async start(): Promise<void> {
    try {
      await this.#process.start();
    } catch (error) {
      if (!(error instanceof StartFailed)) throw error;
      // Somebody took a port between the look and the listening: then the system chooses.
      if (!/EADDRINUSE|in use/.test(error.message)) throw this.#failure(error);
      this.#ports = anyPorts;
      this.#writeConfig();
      await this.#process.start().catch((again: StartFailed) => {
        throw this.#failure(again);
      });
    }
  }

  /** Takes it to other settings, or another version: the node is drained, then started anew. @throws Failure */
  async replace(region: Region): Promise<void> {
    this.#set("restarting", { sessions: 0, links: [] });
    await this.#process.stop(STOP_MS);
    if (this.#state === "ending") throw new Failure(`region ${region.name} ends`);
    this.#region = region;
    this.#writeConfig();
    await this.start();
  }

  /** The world is about to end: what goes wrong from now on is nobody's business. */
  ending(): void {
    this.#state = "ending";
  }

  /** Drains the node; resolves when its process is gone. */
  async stop(): Promise<void> {
    this.ending();
    await this.#process.stop(STOP_MS);
  }

  /** Kills the process at once. */
  kill(): void {
    this.#process.kill();
  }

  /** How to log in here. */
  logIn(account: LocalAccount, over: "websocket" | "tcp", resource: string): LogIn {
    const { domain, local, password } = account;
    const who = { domain, local, password, resource };
    if (over === "websocket") return { ...who, over: { kind: "websocket", url: webSocketUrl(this.#ports) } };
    const { ca } = this.#options.authority;
    return { ...who, over: { kind: "tcp", host: "127.0.0.1", port: this.#ports.client, authority: ca } };
  }

  #set(state: RegionState, change: { ports?: NodePorts; sessions?: number; links?: readonly ReportedLink[] }): void {
    if (this.#state !== "ending") this.#state = state;
    this.#ports = change.ports ?? this.#ports;
    this.#sessions = change.sessions ?? this.#sessions;
    this.#links = change.links ?? this.#links;
    // With the ports that it took: a restart asks for the same ones.
    if (change.ports) this.#writeConfig();
    this.#options.onChange();
  }

  #down(reason: string, retryMs: number): void {
    this.#restarts += 1;
    const last = reason.split("\n").at(-1) ?? reason;
    this.#options.print(
      `${this.region.name.padEnd(4)} down  ${last}; started again in ${(retryMs / 1000).toFixed(1)} s; ${this.log.file}`,
    );
    this.#set("restarting", { sessions: 0, links: [] });
    void freeOf(this.#ports).then((ports) => {
      this.#ports = ports;
      if (this.#state === "restarting") this.#writeConfig();
    });
  }

  #writeConfig(): void {
    writeFileSync(this.configFile, `${JSON.stringify(this.config, null, 2)}\n`, { mode: 0o600 });
  }

  #failure(error: StartFailed): Failure {
    return new Failure(`region ${this.region.name} did not start: ${error.message}\nIts log: ${this.log.file}`);
  }
}
