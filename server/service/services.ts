// The services of a node: started in order of need, stopped in reverse, asked together how they are.
import type { Logger } from "pino";
import type { ServiceKey, ServiceLife, ServiceName } from "./service.ts";

interface Known {
  readonly key: ServiceKey<unknown>;
  readonly life: ServiceLife<unknown>;
  value: unknown;
  started: boolean;
}

/** Every service of one node. */
export class Services {
  private readonly known = new Map<ServiceName, Known>();
  /** In the order in which they started. */
  private readonly running: Known[] = [];
  private readonly log: Logger;

  constructor(log: Logger) {
    this.log = log;
  }

  /** Adds a service; it starts with `start`. @throws Error for a name taken already */
  add<T>(key: ServiceKey<T>, life: ServiceLife<T>): void {
    if (this.known.has(key.name)) throw new Error(`there is a service ${key.name} already`);
    this.known.set(key.name, { key, life: life as ServiceLife<unknown>, value: undefined, started: false });
  }

  /** Names of the services that were added. */
  get names(): ReadonlySet<ServiceName> {
    return new Set(this.known.keys());
  }

  /** True where the service was added and has started. */
  has(key: ServiceKey<unknown>): boolean {
    return this.known.get(key.name)?.started === true;
  }

  /** What a service gives. @throws Error where it has not started */
  use<T>(key: ServiceKey<T>): T {
    const known = this.known.get(key.name);
    if (known?.started !== true) throw new Error(`the service ${key.name} has not started`);
    return known.value as T;
  }

  /**
   * Starts every service that has not started, each after those it needs.
   * @throws Error of a service that does not start, once those that did are stopped; Error naming services that need
   * each other, or one that is not there
   */
  async start(): Promise<void> {
    const ordered = this.inOrderOfNeed();
    try {
      for (const known of ordered) {
        if (known.started) continue;
        known.value = await known.life.start();
        known.started = true;
        this.running.push(known);
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Stops what runs, last started first; one that cannot be stopped keeps no other from it. */
  async stop(): Promise<void> {
    for (let known = this.running.pop(); known !== undefined; known = this.running.pop()) {
      known.started = false;
      try {
        await known.life.stop?.(known.value);
      } catch (error) {
        this.log.error({ err: error, service: known.key.name }, "a service could not be stopped");
      }
    }
  }

  /** Why the node should get no clients, of each service that says so; undefined where all are well. */
  async unhealthy(): Promise<string | undefined> {
    const told = await Promise.all(this.running.map((known) => healthOf(known)));
    const reasons = told.filter((reason) => reason !== undefined);
    return reasons.length === 0 ? undefined : reasons.join("; ");
  }

  private inOrderOfNeed(): Known[] {
    const ordered = new Set<Known>();
    const visit = ({ name }: ServiceKey<unknown>, path: readonly ServiceName[]): void => {
      const known = this.known.get(name);
      if (known === undefined) throw new Error(`${path.at(-1)} needs the service ${name}, which is not configured`);
      if (path.includes(name)) throw new Error(`services need each other: ${[...path, name].join(" → ")}`);
      for (const need of known.life.needs ?? []) visit(need, [...path, name]);
      ordered.add(known);
    };
    for (const { key } of this.known.values()) visit(key, []);
    return [...ordered];
  }
}

async function healthOf({ key, life, value }: Known): Promise<string | undefined> {
  try {
    return await life.health?.(value);
  } catch {
    return `${key.name} does not answer`;
  }
}
