// The balancer of a local world: one HAProxy before the nodes of all regions.
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { prepareFolder } from "../admin/socket.ts";
import { shortEnough } from "../admin/socket-path.ts";
import {
  type BalancedNode,
  type BalancedRegion,
  balancerConfig,
  movedCommands,
  nodesByClientPort,
} from "./balancer-config.ts";
import { Daemon } from "./daemon.ts";
import type { DataFolder } from "./data-folder.ts";
import { openRegionLog } from "./region-log.ts";

/** What it needs of its world. */
export interface BalancerOptions {
  readonly program: string;
  readonly folder: DataFolder;
  /** As they are now; asked for at each start. */
  regions(): readonly BalancedRegion[];
  readonly verbose: boolean;
  print(line: string): void;
  onChange(): void;
}

/** HAProxy binds its socket under a longer name first, bytes. */
const SOCKET_MOST = 85;

/** The HAProxy of a world. */
export class Balancer {
  readonly #options: BalancerOptions;
  readonly #socket: string;
  readonly #file: string;
  readonly #daemon: Daemon;
  #up = false;

  constructor(options: BalancerOptions) {
    const { folder, program, verbose, print } = options;
    this.#options = options;
    this.#file = folder.file("haproxy", "haproxy.cfg");
    this.#socket = shortEnough(folder.file("haproxy", "haproxy.sock"), SOCKET_MOST);
    const file = folder.file("logs", "haproxy.log");
    const log = openRegionLog({ region: "haproxy", file, verbose: false, print: verbose ? print : () => undefined });
    this.#daemon = new Daemon({
      name: "HAProxy",
      command: program,
      args: ["-V", "-db", "-f", this.#file],
      ready: /polling mechanism/,
      // It says so before it has its ports, and answers once it has them all.
      ask: () => this.#ask(["show info"]),
      signals: { end: "SIGTERM", kill: "SIGKILL" },
      onOutput: (text) => log.write(text),
      onUp: () => {
        print("HAProxy is up again");
        this.#set(true);
      },
      onDown: (reason, retryMs) => {
        print(`HAProxy down  ${reason}; started again in ${(retryMs / 1000).toFixed(1)} s; ${file}`);
        this.#writeConfig();
        this.#set(false);
      },
    });
  }

  /** Whether it takes connections. */
  get up(): boolean {
    return this.#up;
  }

  get pid(): number | undefined {
    return this.#daemon.pid;
  }

  /** @throws Failure */
  async start(): Promise<void> {
    this.#writeConfig();
    await this.#daemon.start();
    this.#set(true);
  }

  /** A node listens again, perhaps at other ports. */
  async moved(region: string, node: BalancedNode): Promise<void> {
    this.#writeConfig();
    if (this.#up)
      await this.#ask(movedCommands(region, node)).catch((error) => this.#options.print(`HAProxy: ${error}`));
  }

  /** The node at which each client is, by the port it has on 127.0.0.1. */
  async nodesOfClients(): Promise<ReadonlyMap<number, string>> {
    return nodesByClientPort(await this.#ask(["show sess"]));
  }

  async stop(): Promise<void> {
    this.#up = false;
    await this.#daemon.stop();
    rmSync(this.#socket, { force: true });
  }

  kill(): void {
    this.#daemon.kill();
  }

  #set(up: boolean): void {
    this.#up = up;
    this.#options.onChange();
  }

  #writeConfig(): void {
    prepareFolder(dirname(this.#socket));
    writeFileSync(this.#file, balancerConfig(this.#options.regions(), this.#socket), { mode: 0o600 });
  }

  /** Sends commands to its control socket and resolves with all that it says. */
  async #ask(commands: readonly string[]): Promise<string> {
    const socket = connect(this.#socket);
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    socket.write(`${commands.join("; ")}\n`);
    await once(socket, "end");
    if (text === "") throw new Error("HAProxy did not answer");
    return text;
  }
}
