// A process through all its lives: started again at growing intervals when it dies, until somebody ends it.
import type { ChildProcess } from "node:child_process";
import { backoffDelay, STEADY_MS } from "./backoff.ts";

/** One life of it. */
export interface Life {
  readonly child: ChildProcess;
  /** What it wrote last, to say why it died. */
  lastWords(): string;
  /** It is gone. */
  gone?(): void;
}

/** How it ended. */
export interface Ending {
  readonly lastWords: string;
  /** `ended by SIGKILL`, `ended with exit code 2`. */
  readonly how: string;
  readonly code: number | undefined;
}

/** What to start, and who is told. */
export interface KeptOptions {
  /** Starts it; calls `ready` once it does its work. */
  launch(ready: () => void): Life;
  /** The error of a start that came to nothing. */
  failure(ending: Ending): Error;
  /** Why it died, for `onDown`. */
  reason(ending: Ending): string;
  /** Ready again after `onDown`. */
  onUp(): void;
  /** It died after it had been ready, and is started again in `retryMs`. */
  onDown(reason: string, retryMs: number): void;
}

/** A process that is kept up. */
export class KeptProcess {
  readonly #options: KeptOptions;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #ending = false;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: KeptOptions) {
    this.#options = options;
  }

  /** The process while it runs. */
  get child(): ChildProcess | undefined {
    return this.#child;
  }

  /** Starts it, the first time or after `stop`. Resolves once it is ready. @throws Error of `failure` */
  start(): Promise<void> {
    this.#ending = false;
    return new Promise((resolve, reject) => this.#launch(resolve, reject));
  }

  /** Ends it by `end` and resolves when it is gone; after `ms` it is killed. */
  async stop(end: (child: ChildProcess) => void, ms: number): Promise<void> {
    this.#ending = true;
    clearTimeout(this.#retry);
    const child = this.#child;
    if (child === undefined) return;
    end(child);
    const late = setTimeout(() => child.kill("SIGKILL"), ms);
    await this.#exited;
    clearTimeout(late);
  }

  /** Ends it at once. */
  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.#ending = true;
    clearTimeout(this.#retry);
    this.#child?.kill(signal);
  }

  #launch(ready: () => void, failed: (error: Error) => void): void {
    const began = Date.now();
    let isReady = false;
    const life = this.#options.launch(() => {
      isReady = true;
      ready();
    });
    const { child } = life;
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      const gone = (code: number | null, signal: NodeJS.Signals | null, words: string) => {
        if (this.#child !== child) return;
        this.#child = undefined;
        life.gone?.();
        resolve();
        const how = signal === null ? `ended with exit code ${code}` : `ended by ${signal}`;
        const ending = { lastWords: words.trim(), how, code: code ?? undefined };
        if (!isReady) failed(this.#options.failure(ending));
        else if (!this.#ending) this.#again(this.#options.reason(ending), Date.now() - began);
      };
      // Where it could not even be started nothing is closed.
      child.on("error", (error) => {
        if (child.pid === undefined) gone(null, null, life.lastWords() || error.message);
      });
      child.on("close", (code, signal) => gone(code, signal, life.lastWords()));
    });
  }

  #again(reason: string, ranMs: number): void {
    this.#failures = ranMs >= STEADY_MS ? 1 : this.#failures + 1;
    const delay = backoffDelay(this.#failures, Math.random());
    this.#options.onDown(reason, delay);
    this.#retry = setTimeout(() => {
      this.#launch(
        () => this.#options.onUp(),
        (error) => {
          if (!this.#ending) this.#again(error.message, 0);
        },
      );
    }, delay);
  }
}
