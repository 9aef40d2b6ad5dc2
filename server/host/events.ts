// Tells observers of a virtual host what happened; an observer's failure changes nothing.
import type { Withdraw } from "../module/registrations.ts";
import type { HostEvents } from "../ports/events.ts";

type Observer<T> = (event: T) => void | Promise<void>;

/** Calls observers in order of registration; a failing one is reported and the others are called all the same. */
export class Events {
  private readonly observers = new Map<keyof HostEvents, readonly { readonly observer: Observer<never> }[]>();
  /** What is told once the change is over; not bounded, since no session's end may be lost, and a change has an end. */
  private waiting: (() => void)[] = [];
  private change: Promise<unknown> | undefined;
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

  /** Until it settles events wait: observers are being changed, and one of them may be missing meanwhile. */
  hold(change: Promise<unknown>): void {
    this.change = change;
    const over = () => {
      if (this.change !== change) return;
      this.change = undefined;
      for (const tell of this.waiting.splice(0)) tell();
    };
    change.then(over, over);
  }

  /** True where somebody listens or may soon, so that costly events need not be made for nobody. */
  observed(event: keyof HostEvents): boolean {
    return this.change !== undefined || this.observers.has(event);
  }

  emit<E extends keyof HostEvents>(event: E, value: HostEvents[E]): void {
    if (this.change === undefined) return this.tell(event, value);
    this.waiting.push(() => this.tell(event, value));
  }

  private tell<E extends keyof HostEvents>(event: E, value: HostEvents[E]): void {
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
