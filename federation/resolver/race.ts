// Happy eyeballs: candidates dialled one after another, 250 ms apart, and the first that connects is kept (RFC 8305).
import type { Clock, Timer } from "../../xmpp/clock.ts";

/** How candidates are dialled. */
export interface DialOptions<C, S> {
  /** Connects to one candidate; must give up when `signal` aborts. */
  readonly connect: (candidate: C, signal: AbortSignal) => Promise<S>;
  readonly clock: Clock;
  /** Ends the whole race. */
  readonly signal?: AbortSignal | undefined;
  /** Before the next candidate joins while none has connected, ms (RFC 8305 §5: 250). */
  readonly delayMs?: number;
  /** Receives a connection that came although another had already won: close it. */
  readonly discard?: (late: S) => void;
}

/** No candidate could be reached; `failures` in the order of the candidates. */
export class DialError<C = unknown> extends Error {
  override readonly name = "DialError";
  readonly failures: readonly { readonly candidate: C; readonly error: unknown; readonly reason: string }[];

  constructor(message: string, failures: DialError<C>["failures"]) {
    super(message);
    this.failures = failures;
  }
}

/**
 * Dials `candidates` in order: the next one starts when the last one fails or after `delayMs`. Resolves to the first
 * connection; rejects with `DialError` when all failed, there were none, or the signal aborted.
 */
export function dial<C, S>(candidates: readonly C[], options: DialOptions<C, S>): Promise<S> {
  return new Promise((resolve, reject) => {
    const race = new AbortController();
    const failures: (DialError["failures"][number] | undefined)[] = candidates.map(() => undefined);
    let started = 0;
    let failed = 0;
    let over = false;
    let timer: Timer | undefined;

    const finish = () => {
      over = true;
      options.clock.clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      race.abort();
    };
    const lose = (message: string) => {
      finish();
      reject(
        new DialError(
          message,
          failures.filter((failure) => failure !== undefined),
        ),
      );
    };
    const onAbort = () => {
      if (!over) lose("the attempt was given up");
    };
    const startNext = () => {
      options.clock.clearTimeout(timer);
      const index = started;
      const candidate = candidates[index];
      if (over || candidate === undefined) return;
      started++;
      if (started < candidates.length) timer = options.clock.setTimeout(startNext, options.delayMs ?? 250);
      attempt(options, candidate, race.signal).then(
        (connection) => {
          if (over) return options.discard?.(connection);
          finish();
          resolve(connection);
        },
        (error: unknown) => {
          if (over) return;
          failures[index] = { candidate, error, reason: reasonOf(error) };
          failed++;
          if (failed === candidates.length) lose(allFailed(failures));
          else startNext();
        },
      );
    };

    if (candidates.length === 0) return lose("there is no address to connect to");
    if (options.signal?.aborted) return onAbort();
    options.signal?.addEventListener("abort", onAbort, { once: true });
    startNext();
  });
}

async function attempt<C, S>(options: DialOptions<C, S>, candidate: C, signal: AbortSignal): Promise<S> {
  return options.connect(candidate, signal);
}

function allFailed(failures: readonly (DialError["failures"][number] | undefined)[]): string {
  return [...new Set(failures.map((failure) => failure?.reason ?? "not tried"))].join("; ");
}

function reasonOf(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}
