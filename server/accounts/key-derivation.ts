// PBKDF2 on the thread pool, a few at a time, so that a flood of log-ins starves neither the pool nor the event loop.
import { pbkdf2 } from "node:crypto";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { AuthenticationUnavailable } from "../ports/account-errors.ts";
import type { ScramHash } from "../ports/store.ts";
import { digestBytes, digestName } from "../sasl/scram-keys.ts";

/** Derivations at once: one of the pool's four threads at least is left to files and names. */
const AT_ONCE = Math.max(1, Math.min(3, availableParallelism()));
/** Derivations waiting: some seconds' worth. */
const MOST_WAITING = 2000;

const derive = promisify(pbkdf2);
const waiting: (() => void)[] = [];
let running = 0;

/** SaltedPassword of a prepared password. RFC 5802 §2.2 (Hi). @throws AuthenticationUnavailable under overload */
export async function saltedPassword(
  hash: ScramHash,
  password: string,
  salt: Buffer,
  iterations: number,
): Promise<Buffer> {
  if (running < AT_ONCE) running += 1;
  else {
    if (waiting.length >= MOST_WAITING) throw new AuthenticationUnavailable("too many passwords to check");
    await new Promise<void>((resolve) => waiting.push(resolve)); // the one that ended hands its place over
  }
  try {
    return await derive(password, salt, iterations, digestBytes(hash), digestName(hash));
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}
