// Runs one node as a process of its own: started again when it dies, drained when the world ends.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { KeptProcess, type Life } from "./kept-process.ts";

/** A listener as the node reports it. */
export interface ReportedListener {
  readonly kind: string;
  readonly tls: string;
  readonly port: number;
}

/** A node's link to another domain, as it reports it. */
export interface ReportedLink {
  readonly domain: string;
  readonly direction: "in" | "out";
  readonly state: "up" | "connecting" | "down";
}

/** A node's state, as it reports it. */
export interface ReportedStatus {
  readonly sessions: number;
  readonly links: readonly ReportedLink[];
}

/** What the process is told of, and asks for. */
export interface NodeProcessOptions {
  /** Arguments after `node`; asked for at each start, so that a changed configuration file counts. */
  readonly args: readonly string[];
  onOutput(text: string): void;
  /** It listens: after each start. */
  onReady(listeners: readonly ReportedListener[]): void;
  onStatus(status: ReportedStatus): void;
  /** It died after it had been ready, and is started again in `retryMs`. */
  onDown(reason: string, retryMs: number): void;
}

/** The node ended before it was ready. */
export class StartFailed extends Error {
  override name = "StartFailed";
  /** The process's exit code; undefined where a signal ended it. */
  readonly code: number | undefined;

  constructor(message: string, code: number | undefined) {
    super(message);
    this.code = code;
  }
}

/** The folder of the project. */
const root = join(import.meta.dirname, "..", "..");
/** Characters kept of what a process wrote last, to say why it died. */
const LAST_WORDS = 2000;

/** One node's process, through all its lives. */
export class NodeProcess {
  readonly #options: NodeProcessOptions;
  readonly #kept: KeptProcess;

  constructor(options: NodeProcessOptions) {
    this.#options = options;
    this.#kept = new KeptProcess({
      launch: (ready) => this.#launch(ready),
      failure: ({ lastWords, how, code }) => new StartFailed(lastWords || how, code),
      reason: ({ lastWords, how }) => lastWords || how,
      // It tells its listeners at each start.
      onUp: () => undefined,
      onDown: (reason, retryMs) => options.onDown(reason, retryMs),
    });
  }

  /** The process's number while it runs. */
  get pid(): number | undefined {
    return this.#kept.child?.pid;
  }

  /** Starts it, the first time or after `stop`. Resolves when it listens. @throws StartFailed */
  start(): Promise<void> {
    return this.#kept.start();
  }

  /** Drains it and resolves when it is gone; after `ms` it is killed. */
  stop(ms: number): Promise<void> {
    return this.#kept.stop((child) => {
      if (child.connected) child.send({ type: "drain" }, () => undefined);
      else child.kill("SIGTERM");
    }, ms);
  }

  /** Kills it at once. */
  kill(): void {
    this.#kept.kill();
  }

  #launch(ready: () => void): Life {
    // A group of its own: Ctrl-C reaches the supervisor alone, which drains the nodes in order. When the supervisor
    // dies, however it dies, the channel closes and the node ends by itself.
    const child = spawn(process.execPath, [...this.#options.args], {
      cwd: root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    let lastWords = "";
    const output = (bytes: Buffer) => this.#options.onOutput(bytes.toString("utf8"));
    child.stdout?.on("data", output);
    child.stderr?.on("data", (bytes: Buffer) => {
      lastWords = (lastWords + bytes.toString("utf8")).slice(-LAST_WORDS);
      output(bytes);
    });
    child.on("message", (message: unknown) => {
      const told = readMessage(message);
      if (told?.type === "status") this.#options.onStatus(told);
      if (told?.type !== "ready") return;
      this.#options.onReady(told.listeners);
      ready();
    });
    return { child, lastWords: () => lastWords };
  }
}

type Message =
  | { readonly type: "ready"; readonly listeners: readonly ReportedListener[] }
  | ({ readonly type: "status" } & ReportedStatus);

/** A message of the node, or undefined for what is none. */
function readMessage(message: unknown): Message | undefined {
  if (typeof message !== "object" || message === null || !("type" in message)) return undefined;
  if (message.type === "ready" && "listeners" in message && Array.isArray(message.listeners))
    return { type: "ready", listeners: message.listeners };
  if (message.type === "status" && "sessions" in message && "links" in message && Array.isArray(message.links))
    return { type: "status", sessions: Number(message.sessions), links: message.links };
  return undefined;
}
