// Tells how long each operation of a storage took, for metrics.
import type { Storage } from "../ports/store.ts";

/** Told after each operation: `accounts.get`, ms, and whether it was rejected. */
export type Observer = (operation: string, ms: number, failed: boolean) => void;

/** The same storage, its operations observed. */
export function observed(storage: Storage, observe: Observer): Storage {
  return {
    kind: storage.kind,
    accounts: timed(storage.accounts, "accounts", observe),
    rosters: timed(storage.rosters, "rosters", observe),
    offline: timed(storage.offline, "offline", observe),
    documents: timed(storage.documents, "documents", observe),
    held: timed(storage.held, "held", observe),
    ping: () => storage.ping(),
    close: () => storage.close(),
  };
}

/** A store whose every method is observed. Each method is wrapped once. */
function timed<S extends object>(store: S, name: string, observe: Observer): S {
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
