// Tells observers of a virtual host what happened; an observer's failure changes nothing.
import type { Withdraw } from "../module/registrations.ts";
import type { HostEvents } from "../ports/events.ts";

type Observer<T> = (event: T) => void | Promise<void>;

/** Calls observers in order of registration; a failing one is reported and the others are called all the same. */
export class Events {
  private readonly observers = new Map<keyof HostEvents, readonly { readonly observer: Observer<never> }[]>();
  private readonly failed: (event: string, error: unknown) => void;

  constructor(failed: (event: string, error: unknown) => void) {
    this.failed = failed;
  }

  /** Adds an observer; the answer takes it out again. */
  on<E extends keyof HostEvents>(event: E, observer: Observer<HostEvents[E]>): Withdraw {
    const added = { observer: observer as Observer<never> };
    this.observers.set(event, [...(this.observers.get(event) ?? []), added]);
    return () => {
      const rest = (this.observers.get(event) ?? []).filter((other) => other !== added);
      if (rest.length === 0) this.observers.delete(event);
      else this.observers.set(event, rest);
    };
  }

  /** Observers of all events. */
  get size(): number {
    return [...this.observers.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** True where somebody listens, so that costly events need not be made for nobody. */
  observed(event: keyof HostEvents): boolean {
    return this.observers.has(event);
  }

  emit<E extends keyof HostEvents>(event: E, value: HostEvents[E]): void {
    for (const { observer } of this.observers.get(event) ?? []) {
      try {
        const result = (observer as Observer<HostEvents[E]>)(value);
        if (result instanceof Promise) result.catch((error) => this.failed(event, error));
      } catch (error) {
        this.failed(event, error);
      }
    }
  }
}
