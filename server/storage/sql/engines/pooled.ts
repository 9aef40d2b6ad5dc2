// A database behind a socket: a pool of connections, a time for each operation, retries where they are safe.
import { pause as delay, lastingClock } from "../../../../xmpp/clock.ts";
import { StoreUnavailable } from "../../../ports/store.ts";
import type { StorageBounds } from "../../backend/backend.ts";
import type { DialectName } from "../dialect.ts";
import type { SqlEngine, Work, WriteOptions } from "../engine.ts";
import { MIGRATION_MS } from "../history.ts";
import type { Bound, Result } from "../statement.ts";
import { ConnectionLost, type Fault, mayRetry, messageOf, type Phase } from "./fault.ts";

/** One connection of a pool, held by one operation. */
export interface Connection {
  /** @throws errors of the driver, and where it took more than `ms` */
  query(query: Bound, ms: number): Promise<Result>;
  /** Gives it back; `broken` closes it. */
  release(broken: boolean): void;
}

/** What a driver offers. */
export interface Pool {
  readonly dialect: DialectName;
  /** A free connection or a new one. */
  connect(): Promise<Connection>;
  faultOf(error: unknown): Fault;
  end(): Promise<void>;
}

/** Told when the database stops to answer, and why, and when it answers again. */
export type StateListener = (up: boolean, reason: string) => void;

/** First pause before another try, ms; doubled each time up to `MAX_PAUSE_MS`. */
const PAUSE_MS = 20;
const MAX_PAUSE_MS = 500;
/** The share of a pause that is sure; the rest is at random. */
const SURE = 0.5;

const BEGIN: Bound = { name: "", sql: "begin", values: [] };
const COMMIT: Bound = { name: "", sql: "commit", values: [] };
const ROLLBACK: Bound = { name: "", sql: "rollback", values: [] };

/** One try: works on a connection, tells how far it came. */
type Attempt<T> = (connection: Connection, ms: number, reached: (phase: Phase) => void) => Promise<T>;

/** An operation under way. */
interface Call {
  phase: Phase;
  /** What the last attempt failed with. */
  reason?: string;
  /** True once its caller was told that it failed. */
  over: boolean;
  readonly idempotent: boolean;
  /** Monotonic clock, ms. */
  readonly deadline: number;
  readonly ms: number;
}

/** PostgreSQL or MySQL. */
export class PooledEngine implements SqlEngine {
  readonly dialect: DialectName;
  readonly #pool: Pool;
  readonly #bounds: StorageBounds;
  readonly #onState: StateListener;
  readonly #underWay = new Set<Promise<unknown>>();
  #up = true;
  #closed = false;

  constructor(pool: Pool, bounds: StorageBounds, onState: StateListener = () => {}) {
    this.dialect = pool.dialect;
    this.#pool = pool;
    this.#bounds = bounds;
    this.#onState = onState;
  }

  async read<R>(query: Bound<R>): Promise<R[]> {
    const result = await this.#bounded((connection, ms) => connection.query(query, ms), { idempotent: true });
    return result.rows as R[];
  }

  async change(query: Bound, options: WriteOptions): Promise<number> {
    return (await this.#commitOne(query, options)).changes;
  }

  async changeRows<R>(query: Bound<R>, options: WriteOptions): Promise<R[]> {
    return (await this.#commitOne(query, options)).rows as R[];
  }

  write<T>(work: () => Work<T>, options: WriteOptions): Promise<T> {
    return this.#bounded((connection, ms, reached) => transaction(connection, work, ms, reached), options);
  }

  async migrate(work: () => Work<unknown>): Promise<void> {
    const attempt: Attempt<unknown> = (connection, ms, reached) => transaction(connection, work, ms, reached);
    await this.#bounded(attempt, { idempotent: true }, MIGRATION_MS);
  }

  /** Lets what is under way end (no attempt is repeated any more), then the connections. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.allSettled(this.#underWay);
    await this.#pool.end();
  }

  /** One statement is a transaction of its own: one round trip. */
  #commitOne(query: Bound, options: WriteOptions): Promise<Result> {
    return this.#bounded((connection, ms, reached) => {
      reached("committing");
      return connection.query(query, ms);
    }, options);
  }

  /** Bounds the number of operations, and the time of this one as its caller sees it. */
  async #bounded<T>(attempt: Attempt<T>, options: WriteOptions, ms = this.#bounds.operationMs): Promise<T> {
    if (this.#closed) throw new StoreUnavailable("the storage is closed");
    if (this.#underWay.size >= this.#bounds.maxWaiting) {
      throw new StoreUnavailable(`${this.#underWay.size} operations are waiting already`);
    }
    const deadline = (options.since ?? performance.now()) + ms;
    const call: Call = { phase: "connecting", over: false, idempotent: options.idempotent, deadline, ms };
    const working = this.#repeat(attempt, call);
    this.#underWay.add(working);
    const ended = () => this.#underWay.delete(working);
    working.then(ended, ended);
    return await inTime(working, call);
  }

  /** Tries until it works, must not be tried again, or the time is over. */
  async #repeat<T>(attempt: Attempt<T>, call: Call): Promise<T> {
    for (let pause = PAUSE_MS; ; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
      call.phase = "connecting";
      try {
        const value = await this.#try(attempt, call);
        this.#isUp(true, "");
        return value;
      } catch (error) {
        const fault = this.#pool.faultOf(error);
        if (fault === "wrong") throw error;
        call.reason = messageOf(error);
        if (fault !== "conflict") this.#isUp(false, call.reason);
        const late = call.over || call.deadline - performance.now() <= pause;
        if (this.#closed || late || !mayRetry(fault, call.phase, call.idempotent)) {
          throw unavailable(call, `the database is not available: ${call.reason}`, error);
        }
      }
      // Those that rolled back for one another would meet again, were their pauses the same.
      await delay(lastingClock, pause * (SURE + (1 - SURE) * Math.random()));
    }
  }

  #isUp(up: boolean, reason: string): void {
    if (this.#up === up) return;
    this.#up = up;
    this.#onState(up, reason);
  }

  async #try<T>(attempt: Attempt<T>, call: Call): Promise<T> {
    const connection = await this.#pool.connect();
    let broken = !call.over;
    try {
      reach(call, "working");
      const value = await attempt(connection, call.ms, (phase) => reach(call, phase));
      broken = false;
      return value;
    } catch (error) {
      const fault = this.#pool.faultOf(error);
      if (fault !== "lost") broken = await rollback(connection, call.ms);
      throw error;
    } finally {
      connection.release(broken);
    }
  }
}

/** Notes how far an operation came. @throws ConnectionLost where its caller waits no more, so that nothing is begun or committed */
function reach(call: Call, phase: Phase): void {
  if (call.over) throw new ConnectionLost("its time was over");
  call.phase = phase;
}

/** Runs `work` between begin and commit. An error leaves the transaction open. */
async function transaction<T>(
  connection: Connection,
  work: () => Work<T>,
  ms: number,
  reached: (phase: Phase) => void,
): Promise<T> {
  await connection.query(BEGIN, ms);
  const steps = work();
  let step = steps.next();
  while (step.done !== true) step = steps.next(await connection.query(step.value, ms));
  reached("committing");
  await connection.query(COMMIT, ms);
  return step.value;
}

/** Ends what a failed attempt left open; true where the connection is broken. */
async function rollback(connection: Connection, ms: number): Promise<boolean> {
  try {
    await connection.query(ROLLBACK, ms);
    return false;
  } catch {
    return true;
  }
}

/** `promise`, or `StoreUnavailable` and the call over where it is not settled in time. */
function inTime<T>(promise: Promise<T>, call: Call): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const late = () => {
      call.over = true;
      const { ms, reason } = call;
      const last = reason === undefined ? "" : `, at last: ${reason}`;
      reject(unavailable(call, `the database did not answer within ${ms} ms${last}`));
    };
    const timer = lastingClock.setTimeout(late, Math.max(1, call.deadline - performance.now()));
    promise.then(resolve, reject).finally(() => lastingClock.clearTimeout(timer));
  });
}

function unavailable({ phase }: Call, text: string, cause?: unknown): StoreUnavailable {
  const error = new StoreUnavailable(text, { cause });
  error.undecided = phase === "committing";
  return error;
}
