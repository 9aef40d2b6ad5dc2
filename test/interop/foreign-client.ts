// A client that others wrote, in a process of its own: told what to do and telling what it sees, one JSON text a line.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { tie } from "../harness/children.ts";

/** How a client connects. */
export type ClientTransport = "starttls" | "tls" | "websocket";

/** Who logs in where. */
export interface ClientLogin {
  readonly jid: string;
  readonly password: string;
  readonly transport: ClientTransport;
  /** Address and port of the server; for WebSocket its URL. */
  readonly service: string;
  /** The only mechanism to try, where the client can be told. */
  readonly mechanism?: string;
  /** PEM file of the authority to trust. */
  readonly authority: string;
}

/** What a client tells. */
export interface ClientEvent {
  readonly event: "online" | "message" | "presence" | "roster" | "offline" | "error";
  readonly from?: string;
  readonly type?: string;
  readonly body?: string;
  readonly jid?: string;
  readonly text?: string;
  readonly items?: Readonly<Record<string, string>>;
}

/** What a client is told. */
export type ClientCommand =
  | { readonly do: "message"; readonly to: string; readonly body: string }
  | { readonly do: "presence"; readonly to?: string; readonly type?: string }
  | { readonly do: "roster" }
  | { readonly do: "stop" };

const PATIENCE = 15_000;

/** Clients whose processes run. */
const running = new Set<ForeignClient>();

/** Ends every client, also one whose test has no name for it: after each test. */
export async function endClients(): Promise<void> {
  await Promise.all([...running].map((client) => client.stop()));
}

/** One running client. */
export class ForeignClient {
  /** Full JID, as the server gave it. */
  name: string;
  private readonly child: ChildProcess;
  private readonly seen: ClientEvent[] = [];
  private readonly all: ClientEvent[] = [];
  private errors = "";
  private wake: (() => void) | undefined;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.child = child;
    createInterface({ input: child.stdout! }).on("line", (line) => this.told(line));
    child.stderr!.on("data", (chunk: Buffer) => {
      this.errors = (this.errors + chunk.toString()).slice(-3000);
    });
    running.add(this);
    child.on("close", () => {
      running.delete(this);
      this.told('{"event":"offline"}');
    });
  }

  /** Starts `command` with the login as its last argument, and waits until it is logged in. */
  static async start(
    command: readonly [string, ...string[]],
    login: ClientLogin,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<ForeignClient> {
    const [program, ...rest] = command;
    const env = { ...process.env, ...environment };
    const child = spawn(program, [...rest, JSON.stringify(login)], { stdio: ["pipe", "pipe", "pipe"], env });
    const client = new ForeignClient(login.jid, tie(child));
    // How long an interpreter takes to start is the machine's affair: it is online, or it says why not, or it ends.
    const { jid } = await client.expect({ event: "online" }, Number.POSITIVE_INFINITY);
    client.name = jid ?? login.jid;
    return client;
  }

  tell(command: ClientCommand): void {
    this.child.stdin!.write(`${JSON.stringify(command)}\n`);
  }

  /** Waits for an event with these properties; others before it are skipped. @throws Error with all it saw */
  async expect(wanted: Partial<ClientEvent>, patience = PATIENCE): Promise<ClientEvent> {
    const deadline = Date.now() + patience;
    for (;;) {
      const index = this.seen.findIndex((event) => fits(event, wanted));
      if (index >= 0) return this.seen.splice(0, index + 1).at(-1) as ClientEvent;
      const failed = this.seen.find(({ event }) => event === "error" || event === "offline");
      if (failed !== undefined || Date.now() >= deadline) throw this.failure(wanted);
      await this.arrival(deadline - Date.now());
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("close", resolve));
    this.tell({ do: "stop" });
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 3000);
    await ended;
    clearTimeout(timer);
  }

  private told(line: string): void {
    try {
      const event = JSON.parse(line) as ClientEvent;
      this.seen.push(event);
      this.all.push(event);
    } catch {
      this.errors += `${line}\n`;
    }
    this.wake?.();
  }

  private arrival(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(resolve, ms) : undefined;
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private failure(wanted: Partial<ClientEvent>): Error {
    const saw = this.all.map((event) => JSON.stringify(event)).join("\n");
    return new Error(`${this.name} did not see ${JSON.stringify(wanted)}; it saw\n${saw}\n${this.errors}`);
  }
}

function fits(event: ClientEvent, wanted: Partial<ClientEvent>): boolean {
  return Object.entries(wanted).every(([name, value]) => {
    const got = event[name as keyof ClientEvent];
    return typeof value === "object" ? JSON.stringify(got) === JSON.stringify(value) : got === value;
  });
}
