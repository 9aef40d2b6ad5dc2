// Work whose failure is contained: nobody waits for it, or there is more of it.
import type { Logger } from "pino";
import { logFailure } from "../observe/failure.ts";

/**
 * Does something for each of many, one after the other. Where it fails for some the others have their turn all the same.
 * @throws the first failure, at the end
 */
export async function eachInTurn<T>(many: Iterable<T>, work: (one: T) => void | Promise<void>): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  for (const one of many) {
    try {
      const working = work(one);
      if (working !== undefined) await working;
    } catch (error) {
      failure ??= { error };
    }
  }
  if (failure !== undefined) throw failure.error;
}

/**
 * Does something for each of many, up to so many at once where it waits: whoever each is for, nobody's turn depends on
 * another's. Where it fails for some the others have their turn all the same. @throws the first failure, at the end
 */
export async function eachAtOnce<T>(
  many: Iterable<T>,
  atOnce: number,
  work: (one: T) => void | Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const failed = (error: unknown) => {
    failure ??= { error };
  };
  for (const one of many) {
    try {
      const working = work(one);
      if (working === undefined) continue;
      const done: Promise<void> = working.catch(failed).then(() => void underWay.delete(done));
      underWay.add(done);
    } catch (error) {
      failed(error);
    }
    if (underWay.size >= atOnce) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (failure !== undefined) throw failure.error;
}

/** Lets `work` go on by itself. */
export function inBackground(work: void | Promise<void>, log: Logger): void {
  work?.catch((error: unknown) => {
    logFailure(log, error, "background work failed");
  });
}
