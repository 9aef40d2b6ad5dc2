// The modules of one host while they run: brought up, given new settings and taken down, in order of need.
import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import type { Clock } from "../../xmpp/clock.ts";
import { logFailure } from "../observe/failure.ts";
import type { Activation, ModuleDefinition, ModuleHost } from "./define.ts";
import { Registrations } from "./registrations.ts";

/** A module with the settings it is to have, or has. */
export interface Chosen {
  readonly module: ModuleDefinition;
  readonly settings: unknown;
}

/** A module that runs. */
interface Running {
  readonly module: ModuleDefinition;
  settings: unknown;
  /** True where it took neither new settings nor the old ones back: it is given some with the next change. */
  unsure: boolean;
  readonly registrations: Registrations;
  readonly activation: Activation<unknown>;
}

/** ms that a module may take to be activated, or to take its settings. */
const PATIENCE = 30_000;

/** What is done to come from the modules that run to those that are wanted. */
interface Steps {
  /** To be taken down, the last in order of need first. */
  readonly down: readonly Running[];
  /** To be brought up, or given other settings, in order of need. */
  readonly up: readonly Chosen[];
}

/** What the modules have of their host. */
export interface Surroundings {
  readonly domain: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The host as a module sees it. */
  view(module: ModuleDefinition, registrations: Registrations, settings: unknown): ModuleHost;
  /** Stanzas wait until the change is over: none passes while a stage or an owner is missing. */
  hold(change: Promise<unknown>): void;
  /** These should run and do not, until it is called again: what their stages would have looked at is refused. */
  missing(modules: readonly string[]): void;
}

/** The modules of one virtual host. */
export class HostModules {
  private readonly host: Surroundings;
  /** In order of need. */
  private running: readonly Running[] = [];
  /** What is to run: all that was wanted last and could be had, and so what a change that fails goes back to. */
  private settled: readonly Chosen[] = [];
  private changes: Promise<unknown> = Promise.resolve();

  constructor(host: Surroundings) {
    this.host = host;
  }

  /** Names of those that run, in order of need. */
  get names(): readonly string[] {
    return this.running.map(({ module }) => module.name);
  }

  /**
   * Changes what runs to what is wanted, which is in order of need; what is to stay as it is goes on undisturbed.
   * @throws whatever a module throws that cannot be activated or does not take its settings: then everything is again
   * as it was before, as far as it can be; what cannot be brought back is missed, and tried again with the next change
   */
  become(wanted: readonly Chosen[]): Promise<void> {
    const change = this.changes.then(() => this.change(wanted));
    this.changes = change.catch(() => {});
    return change;
  }

  /** Takes all modules down. */
  end(): Promise<void> {
    return this.become([]);
  }

  private async change(wanted: readonly Chosen[]): Promise<void> {
    const done = this.go(wanted).then(
      () => this.settle(wanted),
      async (error: unknown) => {
        await this.goBack(this.settled);
        this.settle(this.settled);
        throw error;
      },
    );
    this.host.hold(done);
    await done;
  }

  private settle(wanted: readonly Chosen[]): void {
    this.settled = wanted;
    const there = new Set(this.names);
    this.host.missing(wanted.map(({ module }) => module.name).filter((name) => !there.has(name)));
  }

  /** In one turn, unless a module takes its time. */
  private async go(wanted: readonly Chosen[]): Promise<void> {
    const { down, up } = stepsTo(wanted, this.running, this.host.domain);
    for (const one of down) await this.takeDown(one);
    for (const one of up) await this.bringUp(one);
    const byName = new Map(this.running.map((one) => [one.module.name, one]));
    this.running = wanted.map(({ module }) => byName.get(module.name) as Running);
  }

  private async goBack(before: readonly Chosen[]): Promise<void> {
    for (const one of stepsTo(before, this.running, this.host.domain).down) await this.takeDown(one);
    for (const one of stepsTo(before, this.running, this.host.domain).up)
      try {
        await this.bringUp(one);
      } catch (error) {
        this.notBack(one.module, error);
      }
  }

  /** What needs it cannot come up either, and says so itself. */
  private notBack(module: ModuleDefinition, error: unknown): void {
    const there = this.running.find((one) => one.module === module);
    if (there !== undefined) there.unsure = true;
    const what =
      there === undefined
        ? "a module could not be brought back: what it would have filtered is refused until a reload or a restart"
        : "a module did not take its old settings back: it goes on with those it has until a reload or a restart";
    logFailure(this.host.log, error, what, { module: module.name });
  }

  private async takeDown(one: Running): Promise<void> {
    const { module, registrations, activation } = one;
    const failed = (error: unknown) =>
      logFailure(this.host.log, error, "a module was not deactivated in order", { module: module.name });
    this.running = this.running.filter((other) => other !== one);
    try {
      const ends = registrations.end();
      if (ends !== undefined) await this.inTime(ends, module);
    } catch (error) {
      failed(error);
    }
    registrations.withdraw(failed);
    try {
      const ending = activation.deactivate?.();
      if (ending !== undefined) await this.inTime(ending, module);
    } catch (error) {
      failed(error);
    }
  }

  private async bringUp({ module, settings }: Chosen): Promise<void> {
    const there = this.running.find((one) => one.module === module);
    if (there !== undefined) {
      // Noted first: where it is not taken, the old ones are to be given again.
      there.settings = settings;
      const taking = there.activation.takeSettings?.(settings);
      if (taking !== undefined) await this.inTime(taking, module);
      there.unsure = false;
      return;
    }
    const registrations = new Registrations(module.name);
    try {
      let answer: unknown = module.activate(this.host.view(module, registrations, settings), settings);
      if (answer instanceof Promise) answer = await this.inTime(answer, module);
      const activation = (answer ?? {}) as Activation<unknown>;
      this.running = [...this.running, { module, settings, unsure: false, registrations, activation }];
    } catch (error) {
      registrations.withdraw((fault) =>
        logFailure(this.host.log, fault, "a module was not deactivated in order", { module: module.name }),
      );
      throw error;
    }
  }

  /** A module that never comes to an end would hold back every stanza of the host. */
  private async inTime<T>(work: Promise<T>, { name }: ModuleDefinition): Promise<T> {
    const { clock, domain } = this.host;
    let timer: ReturnType<Clock["setTimeout"]> | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = clock.setTimeout(
        () => reject(new Error(`the module ${name} of ${domain} took longer than ${PATIENCE / 1000} s`)),
        PATIENCE,
      );
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clock.clearTimeout(timer);
    }
  }
}

/** What is to be done. A module that is brought up anew takes with it whatever needs it, which has what it offered. */
function stepsTo(wanted: readonly Chosen[], running: readonly Running[], host: string): Steps {
  const now = new Map(running.map((one) => [one.module.name, one]));
  const anew = new Set<string>();
  const up: Chosen[] = [];
  for (const one of wanted) {
    const { name, needs = [] } = one.module;
    const there = now.get(name);
    const same = there !== undefined && !there.unsure && isDeepStrictEqual(there.settings, one.settings);
    const served = (settings: unknown) => one.module.domain?.(settings, host);
    const stays =
      there?.module === one.module &&
      !needs.some((need) => anew.has(need)) &&
      (same || served(there.settings) === served(one.settings));
    if (stays && same) continue;
    if (!stays || there?.activation.takeSettings === undefined) anew.add(name);
    up.push(one);
  }
  const names = new Set(wanted.map(({ module }) => module.name));
  const down = running.filter(({ module: { name } }) => anew.has(name) || !names.has(name));
  return { down: down.reverse(), up };
}
