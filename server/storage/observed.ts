// Tells how long each operation of a store took, for metrics.

/** Told after each operation: `accounts.get`, ms, and whether it was rejected. */
export type Observer = (operation: string, ms: number, failed: boolean) => void;

/** The same store, each operation of which is observed under its name (`accounts.get`). Each method is wrapped once. */
export function observed<S extends object>(store: S, name: string, observe: Observer): S {
  const wrapped = new Map<PropertyKey, unknown>();
  return new Proxy(store, {
    get(target, method) {
      const known = wrapped.get(method);
      if (known !== undefined) return known;
      const value: unknown = Reflect.get(target, method);
      if (typeof value !== "function") return value;
      const operation = `${name}.${String(method)}`;
      const call = async (...given: unknown[]): Promise<unknown> => {
        const began = performance.now();
        let failed = true;
        try {
          const answer: unknown = await Reflect.apply(value, target, given);
          failed = false;
          return answer;
        } finally {
          observe(operation, performance.now() - began, failed);
        }
      };
      wrapped.set(method, call);
      return call;
    },
  });
}
