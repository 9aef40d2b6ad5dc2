// What one module has registered with one host: withdrawn as a whole once the module is over there.
import type { Clock, Timer } from "../../xmpp/clock.ts";

/** Undoes one registration; a second call does nothing. */
export type Withdraw = () => void;

/** Adds a member to a list that is read in place; the answer takes it out again. */
export function addTo<T>(list: T[], member: T): Withdraw {
  list.push(member);
  return () => {
    const at = list.indexOf(member);
    if (at >= 0) list.splice(at, 1);
  };
}

/** Adds an entry to a map; the answer takes it out again, unless another has its place. */
export function enter<K, V>(map: Map<K, V>, key: K, value: V): Withdraw {
  map.set(key, value);
  return () => {
    if (map.get(key) === value) map.delete(key);
  };
}

/** The registrations of one module with one host. */
export class Registrations {
  /** True once they were withdrawn: the module is over, and what it still does leaves nothing behind. */
  over = false;
  /** Its name. */
  readonly module: string;
  private readonly withdrawals = new Set<Withdraw>();
  private readonly endings: (() => Promise<void>)[] = [];

  /** @param module its name, for whoever is told of a mistake */
  constructor(module: string) {
    this.module = module;
  }

  /** How many there are. */
  get size(): number {
    return this.withdrawals.size;
  }

  /**
   * Notes how a registration is undone; the answer undoes it before the module is over.
   * @throws Error, and undoes it at once, where the module is over already
   */
  add(undo: Withdraw): Withdraw {
    if (this.over) {
      undo();
      throw new Error(`the module ${this.module} registers something though it is over`);
    }
    const withdraw = () => {
      if (this.withdrawals.delete(withdraw)) undo();
    };
    this.withdrawals.add(withdraw);
    return withdraw;
  }

  /** Notes what comes to its end before anything is undone: it may need the timers, and what else there is. */
  addEnding(end: () => Promise<void>): void {
    this.endings.push(end);
  }

  /** Ends what is to end first; undefined where there is nothing. Rejects where something could not. */
  end(): Promise<unknown> | undefined {
    if (this.endings.length === 0) return undefined;
    return Promise.all(this.endings.splice(0).map((end) => end()));
  }

  /** Undoes all of them, the last one first; one that throws is told, and the others are undone all the same. */
  withdraw(failed: (error: unknown) => void): void {
    this.over = true;
    for (const withdraw of [...this.withdrawals].reverse())
      try {
        withdraw();
      } catch (error) {
        failed(error);
      }
  }

  /** A clock whose timers end with the module. */
  clock(clock: Clock): Clock {
    const running = new Map<Timer, Withdraw>();
    return {
      now: () => clock.now(),
      setTimeout: (callback, ms) => {
        const timer = clock.setTimeout(() => {
          running.get(timer)?.();
          callback();
        }, ms);
        running.set(
          timer,
          this.add(() => {
            running.delete(timer);
            clock.clearTimeout(timer);
          }),
        );
        return timer;
      },
      clearTimeout: (timer) => {
        if (timer !== undefined) running.get(timer)?.();
      },
    };
  }
}
