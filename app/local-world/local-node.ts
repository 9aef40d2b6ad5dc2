// One node of a local region: its configuration file, ports, log and process.
import { writeFileSync } from "node:fs";
import type { NodeConfigInput } from "../../contract/contract.ts";
import { Failure } from "../cli/command.ts";
import { portsOf } from "./node-config.ts";
import { NodeProcess, type ReportedLink, StartFailed } from "./node-process.ts";
import { type AnyPorts, anyPortsLike, freeOf } from "./ports.ts";
import { openRegionLog, type RegionLog } from "./region-log.ts";
import type { NodeStatus, RegionState } from "./world-status.ts";

/** What a node needs of its region. */
export interface LocalNodeOptions {
  /** As the terminal and the log call it: the region's name where it is the only one. */
  readonly name: string;
  readonly configFile: string;
  readonly logFile: string;
  readonly ports: AnyPorts;
  readonly verbose: boolean;
  /** The configuration with these ports; asked for at each start. */
  configOf(ports: AnyPorts): NodeConfigInput;
  /** Arguments that run it. */
  args(): readonly string[];
  print(line: string): void;
  /** The same for what its log says, with the domains whose link it is about. */
  warn(line: string, domains: readonly string[]): void;
  /** Called after anything of `status` changed. */
  onChange(): void;
  /** Called when it listens: after each start. */
  onListening(): void;
}

/** Time a node has to drain before it is killed, ms; more than its own bound. */
const STOP_MS = 10_000;

/** A node that runs, or is about to. */
export class LocalNode {
  readonly log: RegionLog;
  readonly #options: LocalNodeOptions;
  readonly #process: NodeProcess;
  #ports: AnyPorts;
  #state: RegionState = "starting";
  #sessions = 0;
  #links: readonly ReportedLink[] = [];
  #restarts = 0;
  /** When it went away, and what was said of it, until it is back. */
  #away: { readonly since: number; reason: string } | undefined;
  #lastAway = 0;

  constructor(options: LocalNodeOptions) {
    const { name, verbose, warn } = options;
    this.#options = options;
    this.#ports = options.ports;
    // While everything ends, nodes miss one another: that is nothing to be told of.
    const tell = (line: string, domains: readonly string[]) =>
      (verbose || this.#state !== "ending") && warn(line, domains);
    this.log = openRegionLog({ region: name, file: options.logFile, verbose, print: tell });
    this.#process = new NodeProcess({
      get args() {
        return options.args();
      },
      onOutput: (text) => this.log.write(text),
      onReady: (listeners) => {
        this.#back();
        this.#set("up", { ports: portsOf(listeners) });
        options.onListening();
      },
      onStatus: (status) => this.#set(this.#state, status),
      onDown: (reason, retryMs) => this.#down(reason, retryMs),
    });
  }

  get name(): string {
    return this.#options.name;
  }

  get configFile(): string {
    return this.#options.configFile;
  }

  get ports(): AnyPorts {
    return this.#ports;
  }

  /** When it was away last, ms since the epoch: now, while it is. */
  get lastAway(): number {
    return this.#state === "up" ? this.#lastAway : Date.now();
  }

  /** Everything that changes. */
  get status(): NodeStatus & { readonly links: readonly ReportedLink[] } {
    return {
      name: this.name,
      state: this.#state,
      pid: this.#process.pid,
      sessions: this.#sessions,
      restarts: this.#restarts,
      links: this.#links,
    };
  }

  /** The configuration with the ports as they are now. */
  get config(): NodeConfigInput {
    return this.#options.configOf(this.#ports);
  }

  /** Takes free ports and writes the configuration; it does not run yet. */
  async prepare(): Promise<void> {
    this.#ports = await freeOf(this.#ports);
    this.#writeConfig();
  }

  /** @throws Failure when it cannot be started */
  async start(): Promise<void> {
    try {
      await this.#process.start();
    } catch (error) {
      if (!(error instanceof StartFailed)) throw error;
      // Somebody took a port between the look and the listening: then the system chooses.
      if (!/EADDRINUSE|in use/.test(error.message)) throw this.#failure(error);
      this.#ports = anyPortsLike(this.#ports);
      this.#writeConfig();
      await this.#process.start().catch((again: StartFailed) => {
        throw this.#failure(again);
      });
    }
  }

  /** Drains it and starts it anew with the configuration as it is by then. @throws Failure */
  async replace(): Promise<void> {
    this.#set("restarting", { sessions: 0, links: [] });
    await this.#process.stop(STOP_MS);
    if (this.#state === "ending") throw new Failure(`${this.name} ends`);
    this.#writeConfig();
    await this.start();
  }

  /** What goes wrong from now on is nobody's business. */
  ending(): void {
    this.#state = "ending";
  }

  /** Drains it; resolves when its process is gone. */
  async stop(): Promise<void> {
    this.ending();
    await this.#process.stop(STOP_MS);
  }

  /** Kills the process at once. */
  kill(): void {
    this.#process.kill();
  }

  #set(state: RegionState, change: { ports?: AnyPorts; sessions?: number; links?: readonly ReportedLink[] }): void {
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
    // Told once, unless it stays away for another reason.
    if (this.#away?.reason !== last)
      this.#say("away", `${last}; it is started again after ${seconds(retryMs)}; its log: ${this.log.file}`);
    this.#away = { since: this.#away?.since ?? Date.now(), reason: last };
    this.#set("restarting", { sessions: 0, links: [] });
    void freeOf(this.#ports).then((ports) => {
      this.#ports = ports;
      if (this.#state === "restarting") this.#writeConfig();
    });
  }

  /** It listens: said where it had been said that it is away. */
  #back(): void {
    if (this.#state !== "ending") this.#lastAway = Date.now();
    if (this.#away !== undefined) this.#say("back", `after ${seconds(Date.now() - this.#away.since)}`);
    this.#away = undefined;
  }

  #say(what: string, more: string): void {
    this.#options.print(`${this.name.padEnd(4)} ${what}  ${more}`);
  }

  #writeConfig(): void {
    writeFileSync(this.configFile, `${JSON.stringify(this.config, null, 2)}\n`, { mode: 0o600 });
  }

  #failure(error: StartFailed): Failure {
    return new Failure(`${this.name} did not start: ${error.message}\nIts log: ${this.log.file}`);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
