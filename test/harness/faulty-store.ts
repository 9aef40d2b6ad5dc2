// A storage that a talk can make hang or fail, operation by operation.
import { type StoreKey, type Stores, StoreUnavailable } from "../../server/ports/store.ts";

/** How an operation behaves: as it should, with an error, or (`hangs`) not at all until it is told otherwise. */
export type StoreState = "works" | "fails" | "hangs";

/** States of operations, `held.add` or `held.*` being one or all of a store. */
export class StoreFaults {
  private readonly states = new Map<string, StoreState>();
  private waiting: (() => void)[] = [];
  private watching: { readonly count: number; readonly reached: () => void }[] = [];

  /** From now on; what hangs is looked at again. */
  set(operation: string, state: StoreState): void {
    this.states.set(operation, state);
    for (const go of this.waiting.splice(0)) go();
  }

  /** Resolves once so many operations hang. */
  hanging(count: number): Promise<void> {
    return new Promise((reached) => {
      this.watching.push({ count, reached });
      this.told();
    });
  }

  private told(): void {
    for (const { count, reached } of this.watching) if (this.waiting.length >= count) reached();
  }

  /** Puts itself before every store that is asked for from now on. */
  guard(stores: Pick<Stores, "of">): void {
    const of = stores.of.bind(stores);
    const guarded = new Map<string, object>();
    const guardedOf = <S extends object>(key: StoreKey<S>): S => {
      const known = guarded.get(key.name) ?? this.guarded(key.name, of(key));
      guarded.set(key.name, known);
      return known as S;
    };
    Object.defineProperty(stores, "of", { value: guardedOf });
  }

  private guarded(name: string, store: object): object {
    return new Proxy(store, {
      get: (target, method) => {
        const value: unknown = Reflect.get(target, method);
        if (typeof value !== "function") return value;
        return async (...given: unknown[]) => {
          await this.pass(name, `${name}.${String(method)}`);
          return Reflect.apply(value, target, given);
        };
      },
    });
  }

  private async pass(store: string, operation: string): Promise<void> {
    for (;;) {
      const state = this.states.get(operation) ?? this.states.get(`${store}.*`) ?? "works";
      if (state === "works") return;
      if (state === "fails") throw new StoreUnavailable(`${operation} fails in this talk`);
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
        this.told();
      });
    }
  }
}
