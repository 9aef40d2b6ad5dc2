// Runs a server of the machine beside the nodes: started again when it dies, and never left behind.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { Failure } from "../cli/command.ts";
import { KeptProcess, type Life } from "./kept-process.ts";
import type { OrdinaryUser } from "./machine.ts";

/** What to start, how to see that it is ready, and how to end it. */
export interface DaemonOptions {
  /** As people call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What it reads on standard input: settings that the list of processes must not show. */
  readonly input?: string;
  /** Default: our own user. */
  readonly user?: OrdinaryUser | undefined;
  /** A folder that it is given open, as descriptor 4: its user may not come to it by its path. */
  readonly folder?: string;
  /** Matches its output once it takes connections, or is about to. */
  readonly ready: RegExp;
  /** Asks it whether it does, where its output says less. @throws Error where it does not yet */
  readonly ask?: () => Promise<unknown>;
  /** Signal that ends it in order, and the one that ends it at once. */
  readonly signals: { readonly end: NodeJS.Signals; readonly kill: NodeJS.Signals };
  onOutput(text: string): void;
  /** Ready again after `onDown`. */
  onUp(): void;
  /** It died after it had been ready, and is started again in `retryMs`. */
  onDown(reason: string, retryMs: number): void;
}

/** ms to be ready, and to end in order. */
const READY_MS = 60_000;
const END_MS = 15_000;
/** ms between two questions whether it takes connections. */
const ASK_EVERY = 25;
/** Seconds that nodes have to drain before a server ends whose supervisor was killed. */
const GRACE = 7;
const KEPT_OUTPUT = 4000;
/** Where its standard input ends without a word, we were killed: then process $1 is to end, by signal $2. */
const WATCH = `read -r word || { sleep ${GRACE}; kill -"$2" "$1"; }`;

/** One server through all its lives. */
export class Daemon {
  readonly #options: DaemonOptions;
  readonly #kept: KeptProcess;
  #watch: ChildProcess | undefined;

  constructor(options: DaemonOptions) {
    const { name, onUp, onDown } = options;
    this.#options = options;
    this.#kept = new KeptProcess({
      launch: (ready) => this.#launch(ready),
      failure: ({ lastWords, how }) => new Failure(`${name} did not start: ${lastWords || how}`),
      reason: ({ how }) => how,
      onUp,
      onDown,
    });
  }

  /** The process's number while it runs. */
  get pid(): number | undefined {
    return this.#kept.child?.pid;
  }

  /** Starts it. Resolves when it takes connections. @throws Failure with what it said last */
  start(): Promise<void> {
    return this.#kept.start();
  }

  /** Ends it in order; resolves when it is gone. */
  stop(): Promise<void> {
    return this.#kept.stop((child) => child.kill(this.#options.signals.end), END_MS);
  }

  /** Ends it at once. */
  kill(): void {
    const runs = this.#kept.child !== undefined;
    this.#kept.kill(this.#options.signals.kill);
    if (runs) this.#forget();
  }

  #launch(ready: () => void): Life {
    const child = this.#spawn();
    let output = "";
    let saidSo = false;
    const late = setTimeout(() => child.kill("SIGKILL"), READY_MS);
    const read = (bytes: Buffer) => {
      const text = bytes.toString("utf8");
      this.#options.onOutput(text);
      output = (output + text).slice(-KEPT_OUTPUT);
      if (saidSo || !this.#options.ready.test(output)) return;
      saidSo = true;
      void this.#answers(child).then((there) => {
        if (!there) return;
        clearTimeout(late);
        ready();
      });
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(this.#options.input ?? "");
    const gone = () => {
      clearTimeout(late);
      this.#forget();
    };
    return { child, lastWords: () => output, gone };
  }

  /** True once it answers; false where it ended before. */
  async #answers(child: ChildProcess): Promise<boolean> {
    const { ask } = this.#options;
    while (this.#kept.child === child) {
      const answered =
        ask === undefined ||
        (await ask()
          .then(() => true)
          .catch(() => false));
      if (answered) return this.#kept.child === child;
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY));
    }
    return false;
  }

  #spawn(): ChildProcess {
    const { command, args, user, folder, signals } = this.#options;
    const open = folder === undefined ? undefined : openSync(folder, "r");
    try {
      // A group of its own: a terminal's Ctrl-C is ours to pass on, when the nodes have ended.
      const child = spawn(command, [...args], {
        cwd: "/",
        detached: true,
        stdio: ["pipe", "pipe", "pipe", "ignore", ...(open === undefined ? [] : [open])],
        ...user,
      });
      if (child.pid !== undefined) this.#watch = watchOver(child.pid, signals.end);
      return child;
    } finally {
      if (open !== undefined) closeSync(open);
    }
  }

  /** Tells the watch that nothing is left to be ended. */
  #forget(): void {
    this.#watch?.stdin?.end("end\n");
    this.#watch = undefined;
  }
}

/** A process that ends another one where ours is killed, on whatever system. */
function watchOver(pid: number, signal: NodeJS.Signals): ChildProcess {
  const watch = spawn("/bin/sh", ["-c", WATCH, "meridian", String(pid), signal.slice(3)], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watch.on("error", () => undefined);
  watch.stdin?.on("error", () => undefined);
  return watch;
}
