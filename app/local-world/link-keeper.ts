// Sees to it that every pair of regions is linked: at the start, and again after a region was away.
import { growingPause } from "../../xmpp/try-again.ts";
import type { LocalAccount } from "./demo-accounts.ts";
import { exchange } from "./exchange.ts";
import type { LocalRegion } from "./local-region.ts";
import { direction } from "./world-status.ts";

/** ms between two looks, and the longest pause after failures. */
const PAUSES = { first: 1_000, longest: 15_000 };
/** ms that one ping may take. */
const PING_MS = 10_000;

/** Brings up the links between regions by pings, and keeps them up. */
export class LinkKeeper {
  readonly #regions: readonly LocalRegion[];
  #accounts: readonly LocalAccount[] = [];
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;

  constructor(regions: readonly LocalRegion[]) {
    this.#regions = regions;
  }

  /** The accounts whose pings go out: one of each region. */
  logInAs(accounts: readonly LocalAccount[]): void {
    this.#accounts = accounts;
  }

  /**
   * Resolves when every region has had an answer from every other one. @throws Error naming the pairs without one after
   * `ms`; AbortError
   */
  async whenAllLinked(ms: number, signal: AbortSignal): Promise<void> {
    const until = Date.now() + ms;
    let missing = this.#everyPair();
    let problems: string[] = [];
    while (missing.length > 0) {
      signal.throwIfAborted();
      if (Date.now() >= until) throw new Error(problems.join("\n"));
      const left = Math.min(PING_MS, until - Date.now());
      const outcomes = await this.#exchange(missing, left);
      const failed = outcomes.filter((outcome) => outcome.problem !== undefined);
      problems = failed.map(({ from, to, problem }) => `${from} → ${to}: ${problem}`);
      missing = failed.map(({ from, to }): [string, string] => [from, to]);
      if (missing.length > 0) await pause(500, signal);
    }
  }

  /** Looks from now on whether links are down between regions that are up, and brings them up. */
  keep(): void {
    this.#timer = setTimeout(
      async () => {
        const outcomes = await this.#exchange(this.#downPairs(), PING_MS);
        this.#failures = outcomes.some(({ problem }) => problem !== undefined) ? this.#failures + 1 : 0;
        if (this.#timer !== undefined) this.keep();
      },
      growingPause(this.#failures, PAUSES),
    );
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #everyPair(): [string, string][] {
    const names = this.#regions.map((region) => region.region.name);
    return names.flatMap((from) => names.filter((to) => to !== from).map((to): [string, string] => [from, to]));
  }

  #downPairs(): [string, string][] {
    const status = new Map(this.#regions.map((region) => [region.region.name, region.status]));
    return this.#everyPair().filter(([from, to]) => {
      const [a, b] = [status.get(from), status.get(to)];
      return a?.state === "up" && b?.state === "up" && direction(a, b) !== "up";
    });
  }

  async #exchange(pairs: readonly [string, string][], ms: number) {
    const asking = this.#regions.filter((region) => pairs.some(([from]) => from === region.region.name));
    const outcomes = asking.map((region) => {
      const { name } = region.region;
      const account = this.#accounts.find((each) => each.region === name);
      if (account === undefined) return [];
      const wanted = new Set(pairs.filter(([from]) => from === name).map(([, to]) => to));
      const targets = this.#regions.filter((each) => wanted.has(each.region.name)).map((each) => each.region);
      const domains = new Map(targets.map((target) => [target.name, target.domain]));
      return exchange({ name, logIn: region.logIn(account, "websocket", "meridian-links") }, domains, ms);
    });
    return (await Promise.all(outcomes)).flat();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
