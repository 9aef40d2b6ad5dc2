// A node as an operator runs it, in a folder of its own, and the clients of a test that are connected to it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { meridian, type Running, run, temporaryFolder } from "../world/command.ts";
import { type PlainClient, plainClient } from "./plain-client.ts";

/** Of every account. */
const PASSWORD = "a long password";

interface Listener {
  readonly kind: string;
  readonly port: number;
}

/** A configuration, commands that use it, and a node where one was started. */
export class OperatedNode {
  readonly config: string;
  private readonly domain: string;
  private readonly folder = temporaryFolder();
  private readonly clients: PlainClient[] = [];
  private node: Running | undefined;

  /** `domain` is prepared already; `more` replaces settings of the configuration. */
  constructor(domain: string, more: object = {}) {
    this.domain = domain;
    this.config = join(this.folder.path, "node.json");
    this.write(more);
  }

  /** Writes the configuration anew. */
  write(more: object): void {
    const settings = {
      node: "n1",
      hosts: [{ domain: this.domain }],
      listeners: [{ kind: "c2s", port: 0, tls: "none" }],
      storage: { kind: "sqlite", file: join(this.folder.path, "node.sqlite") },
      authentication: { requireTls: false, plainWithoutTls: true, scramIterations: 4096 },
      federation: { enabled: false },
      ...more,
    };
    writeFileSync(this.config, JSON.stringify(settings));
  }

  /** Starts it; its ports by kind of listener. */
  async start(): Promise<Record<string, number>> {
    this.node = meridian(["serve", "--config", this.config]);
    const listeners = await this.node.whenOutput((text) => {
      const line = text.split("\n").find((one) => one.includes('"msg":"ready"'));
      return line === undefined ? undefined : (JSON.parse(line) as { listeners: Listener[] }).listeners;
    });
    return Object.fromEntries(listeners.map(({ kind, port }) => [kind, port]));
  }

  /** Runs a command with this configuration; what is asked for is the password. */
  run(...args: string[]): ReturnType<typeof run> {
    return run([...args, "--config", this.config], { input: `${PASSWORD}\n` });
  }

  /** A client of it. @throws Refused with the condition of the failure */
  async logIn(port: number, local: string): Promise<PlainClient> {
    const client = await plainClient(port, { domain: this.domain, local, password: PASSWORD });
    this.clients.push(client);
    return client;
  }

  /** Ends node and clients, and removes the folder. */
  async end(): Promise<void> {
    for (const client of this.clients) client.cut();
    this.kill();
    await this.node?.ended;
    this.folder.remove();
  }

  /** Resolves once the node has ended. */
  get ended(): Promise<unknown> {
    return this.node?.ended ?? Promise.resolve();
  }

  /** Kills the node, where one runs. */
  kill(): void {
    this.node?.child.kill("SIGKILL");
  }
}
