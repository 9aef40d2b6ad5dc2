// Carries out a plan: region after region through its states, the journal written before each step.
import { parseWorld } from "../../regions/world.ts";
import type { Clock } from "./clock.ts";
import { answered, asked } from "./control.ts";
import type { Driver, RegionHealth, Target } from "./driver.ts";
import { RolloutError } from "./errors.ts";
import { firstShut, type Gate, gatesAfterBaking, gatesAfterChange, gatesWhileBaking, type Probe } from "./gates.ts";
import type { Journal, Journals, RegionEntry, RegionState, RolloutState } from "./journal.ts";
import type { Lock } from "./lock.ts";
import { fingerprint, targetOf } from "./plan.ts";
import type { Step } from "./waves.ts";

/** What a rollout tells while it runs. */
export type RolloutEvent =
  | { readonly kind: "step"; readonly step: Step }
  | { readonly kind: "region"; readonly region: string; readonly state: RegionState; readonly reason?: string }
  | { readonly kind: "line"; readonly region: string; readonly line: string };

export interface RunParts {
  readonly driver: Driver;
  readonly journals: Journals;
  readonly lock: Lock;
  readonly clock: Clock;
  readonly folder: string;
  readonly probe?: Probe | undefined;
  /** Time a changed region has to pass its gates, ms. */
  readonly gateMs: number;
  /** ms between two looks at gates and requests. */
  readonly lookMs: number;
  report(event: RolloutEvent): void;
}

const ended: ReadonlySet<RegionState> = new Set(["done", "rolled back"]);

/** Somebody asked for the end while a region was watched. */
class Stopped extends Error {}

/** One rollout from its journal's state to its end. */
export class Run {
  private journal: Journal;
  private readonly parts: RunParts;
  private readonly target: Target;
  private readonly resumed: boolean;
  /** Exit code of the decision that stopped a region before it was touched. */
  refusedWith: number | undefined;

  constructor(journal: Journal, parts: RunParts, resumed: boolean) {
    this.journal = journal;
    this.parts = parts;
    this.resumed = resumed;
    this.target = targetOf(journal.plan);
  }

  /** Goes on until the plan is carried out, or stopped. @throws RolloutError when the lock is lost */
  async toEnd(): Promise<Journal> {
    this.end("running");
    const entries = Object.values(this.journal.regions);
    // What a killed tool left half done comes first, and what failed is rolled back before anything else is touched.
    if (entries.some(({ state }) => state === "failed" || state === "rolled back")) {
      await this.rollBackFailed();
      return this.journal;
    }
    for (const step of this.journal.plan.steps) {
      const open = step.regions.filter((region) => !ended.has(this.entry(region).state));
      if (open.length === 0) continue;
      const request = this.request();
      if (request !== undefined) return this.end(request);
      this.parts.report({ kind: "step", step });
      await this.together(open, (region) => this.region(region));
      if (open.some((region) => this.entry(region).state === "failed")) {
        await this.rollBackFailed();
        return this.journal;
      }
    }
    return this.end("done");
  }

  /** All to their end, even when one throws: an exception must not leave others running unwatched. */
  private async together(regions: readonly string[], act: (region: string) => Promise<void>): Promise<void> {
    const results = await Promise.allSettled(regions.map(act));
    const thrown = results.find((result) => result.status === "rejected");
    if (thrown) throw thrown.reason;
  }

  private async region(name: string): Promise<void> {
    const interrupted = this.resumed && this.entry(name).state === "applying";
    try {
      if (this.entry(name).state === "pending") await this.preview(name);
      if (interrupted) await this.parts.driver.recover(name);
      if (this.entry(name).state === "previewed") this.move(name, "applying");
      if (this.entry(name).state === "applying") await this.apply(name);
      if (this.entry(name).state === "verifying") await this.verify(name);
      if (this.entry(name).state === "baking") await this.bake(name);
    } catch (error) {
      // Without the lock nothing may be written any more.
      this.parts.lock.check();
      if (error instanceof RolloutError) this.refusedWith = error.exitCode;
      const reason = error instanceof Stopped ? "stopped on request" : (error as Error).message;
      this.move(name, "failed", { reason });
    }
  }

  private async preview(name: string): Promise<void> {
    const { driver } = this.parts;
    const preview = await driver.preview(name, this.target);
    const planned = this.journal.plan.regions.find((plan) => plan.region === name);
    if (fingerprint(preview) !== planned?.fingerprint)
      throw new RolloutError("planChanged", "what would be changed is not what was planned: plan again");
    const recorded = await driver.current(name);
    const before = recorded === undefined ? undefined : await driver.health(name);
    this.move(name, "previewed", { ...(recorded !== undefined && { recorded }), ...(before && { before }) });
  }

  private async apply(name: string): Promise<void> {
    this.parts.lock.check();
    await this.parts.driver.apply(name, this.target, (line) => this.parts.report({ kind: "line", region: name, line }));
    this.move(name, "verifying");
  }

  private async verify(name: string): Promise<void> {
    await this.open(name, gatesAfterChange);
    this.move(name, "baking", {
      bakeUntil: this.parts.clock.now() + this.target.world.rollout.bakeSeconds * 1000,
    });
  }

  private async bake(name: string): Promise<void> {
    const { clock, lookMs, folder } = this.parts;
    const began = await this.parts.driver.health(name);
    for (;;) {
      const shut = await this.shut(name, gatesWhileBaking, began);
      if (shut !== undefined) throw new Error(shut);
      if (asked(folder) === "promote" || clock.now() >= (this.entry(name).bakeUntil ?? 0)) break;
      if (this.request() === "aborted") throw new Stopped();
      await clock.wait(lookMs);
    }
    const promoted = asked(folder) === "promote";
    if (promoted) answered(folder);
    // Whoever promotes has decided that time and traffic are enough; the other gates stand.
    await this.open(name, promoted ? gatesAfterChange : gatesAfterBaking, began);
    this.move(name, "done");
  }

  /**
   * Tries gates until all are open: sessions need a while to come back, and a client may meet a node that just leaves.
   * @throws Error naming the gate that stayed shut
   */
  private async open(name: string, gates: readonly Gate[], began?: RegionHealth): Promise<void> {
    const { clock, gateMs, lookMs } = this.parts;
    const until = clock.now() + gateMs;
    for (;;) {
      const shut = await this.shut(name, gates, began);
      if (shut === undefined) return;
      if (clock.now() >= until) throw new Error(shut);
      if (this.request() === "aborted") throw new Stopped();
      await clock.wait(lookMs);
    }
  }

  private async shut(name: string, gates: readonly Gate[], began?: RegionHealth): Promise<string | undefined> {
    const { world } = this.target;
    const others = world.regions.map((region) => region.name).filter((other) => other !== name && this.exists(other));
    const now = await this.parts.driver.health(name);
    const { probe } = this.parts;
    return firstShut(gates, { world, region: name, others, before: this.entry(name).before, began, now, probe });
  }

  /** A region that is only about to be made cannot be asked. */
  private exists(name: string): boolean {
    const planned = this.journal.plan.regions.find((plan) => plan.region === name);
    return planned === undefined || planned.exists || this.entry(name).state === "done";
  }

  private async rollBackFailed(): Promise<void> {
    const failed = Object.keys(this.journal.regions).filter((region) => this.entry(region).state === "failed");
    await this.together(failed, (region) => this.rollBack(region));
    const back = failed.every((region) => this.entry(region).state === "rolled back");
    const stopped = asked(this.parts.folder) === "abort";
    if (stopped) answered(this.parts.folder);
    this.end(stopped ? "aborted" : back ? "rolled back" : "failed");
  }

  /** Rolls back these regions whatever their state, one after the other, and ends so. */
  async rollBackAll(regions: readonly string[], state: "aborted" | "rolled back"): Promise<Journal> {
    for (const region of regions) await this.rollBack(region);
    const failed = regions.some((region) => this.entry(region).state === "failed");
    return this.end(failed ? "failed" : state);
  }

  /** Puts a region back to what was recorded before it was touched. */
  private async rollBack(name: string): Promise<void> {
    const { driver, lock } = this.parts;
    const { recorded, reason = "rolled back on request" } = this.entry(name);
    if (!this.touched(name)) return this.move(name, "rolled back", { reason });
    if (recorded === undefined) {
      this.move(name, "failed", { reason: `${reason} (a new region: there is nothing to go back to)` });
      return;
    }
    lock.check();
    try {
      await driver.recover(name);
      const target = { file: recorded, world: parseWorld(recorded, `${name}, recorded`) };
      await driver.apply(name, target, (line) => this.parts.report({ kind: "line", region: name, line }));
      this.move(name, "rolled back", { reason });
    } catch (error) {
      lock.check();
      this.move(name, "failed", { reason: `${reason}; and it could not be rolled back: ${(error as Error).message}` });
    }
  }

  /** Whether a change of the region was begun: the journal says so before it is. */
  private touched(name: string): boolean {
    return this.journal.events.some((event) => event.region === name && event.what.startsWith("applying"));
  }

  private entry(name: string): RegionEntry {
    return this.journal.regions[name] ?? { state: "pending", since: 0 };
  }

  private move(name: string, state: RegionState, more: Partial<RegionEntry> = {}): void {
    const since = this.parts.clock.now();
    const entry: RegionEntry = { ...this.entry(name), ...more, state, since };
    const event = {
      at: new Date(since).toISOString(),
      region: name,
      what: more.reason ? `${state}: ${more.reason}` : state,
    };
    this.write({
      regions: { ...this.journal.regions, [name]: entry },
      events: [...this.journal.events, event],
    });
    this.parts.report({
      kind: "region",
      region: name,
      state,
      ...(more.reason !== undefined && { reason: more.reason }),
    });
  }

  /** Writes the rollout's own state. */
  private end(state: RolloutState): Journal {
    const events = [...this.journal.events, { at: new Date(this.parts.clock.now()).toISOString(), what: state }];
    this.write({ state, events: state === this.journal.state ? this.journal.events : events });
    if (state === "aborted") answered(this.parts.folder);
    return this.journal;
  }

  private write(change: Partial<Journal>): void {
    this.parts.lock.check();
    this.journal = { ...this.journal, ...change };
    this.parts.journals.write(this.journal);
  }

  private request(): "paused" | "aborted" | undefined {
    const request = asked(this.parts.folder);
    return request === "pause" ? "paused" : request === "abort" ? "aborted" : undefined;
  }
}
