// Group commit over a socket: while one transaction is on its way, what comes meanwhile gathers for the next.
import { StoreUnavailable } from "../../ports/store.ts";

/** What a gatherer does and how much it holds. */
export interface GathererOptions<Item, Answer> {
  /** Commits items in order; `since` is when the oldest came (monotonic clock, ms). */
  commit(items: Item[], since: number): Promise<Answer[]>;
  /** Size of an item in bytes, near enough. */
  weigh(item: Item): number;
  /** Time from an item's arrival to its answer, ms. */
  readonly operationMs: number;
  /** Items that may wait. */
  readonly maxWaiting: number;
}

/** Items in one transaction. */
const BATCH = 200;
/**
 * Bytes in one transaction: far below what servers take in one packet (MySQL: 16 MiB), and written out twice (as one
 * value, and for the socket) within a turn that everybody else waits for, and in memory until the server has answered.
 */
const BATCH_BYTES = 512 * 1024;
/** Bytes that may wait. */
const WAITING_BYTES = 64 * 1024 * 1024;
/** Part of its time that an item may wait for its turn; the rest is for the transaction. */
const WAITING_SHARE = 0.8;

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly bytes: number;
  readonly since: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gives items to `commit` in the order they came, one batch at a time, so that its price (a flush of the database's
 * log, a few round trips) is shared by all that arrive while it lasts. A batch that fails fails for all of its items.
 */
export class Gatherer<Item, Answer> {
  readonly #options: GathererOptions<Item, Answer>;
  #queue: Waiting<Item, Answer>[] = [];
  #bytes = 0;
  #running = false;
  #idle: (() => void)[] = [];

  constructor(options: GathererOptions<Item, Answer>) {
    this.#options = options;
  }

  /** Resolves with the item's answer once its batch is committed; rejects with `StoreUnavailable`. */
  add(item: Item): Promise<Answer> {
    const bytes = this.#options.weigh(item);
    if (this.#queue.length >= this.#options.maxWaiting || this.#bytes + bytes > WAITING_BYTES) {
      return Promise.reject(new StoreUnavailable(`${this.#queue.length} writes are waiting already`));
    }
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      this.#queue.push({ item, bytes, since: performance.now(), resolve, reject });
      if (this.#running) return;
      this.#running = true;
      setImmediate(() => void this.#run());
    });
  }

  /** Resolves once nothing waits and nothing is on its way. */
  idle(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      const oldest = batch[0];
      if (oldest === undefined) continue;
      try {
        const items = batch.map(({ item }) => item);
        const answers = await this.#options.commit(items, oldest.since);
        for (const [at, waiting] of batch.entries()) waiting.resolve(answers[at] as Answer);
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** The next batch without what waited too long: its sender is told to try again, so it must not be stored later. */
  #takeBatch(): Waiting<Item, Answer>[] {
    let size = 0;
    let bytes = 0;
    for (const waiting of this.#queue) {
      if (size === BATCH || (size > 0 && bytes + waiting.bytes > BATCH_BYTES)) break;
      size += 1;
      bytes += waiting.bytes;
    }
    this.#bytes -= bytes;
    const earliest = performance.now() - this.#options.operationMs * WAITING_SHARE;
    return this.#queue.splice(0, size).filter((waiting) => {
      if (waiting.since >= earliest) return true;
      waiting.reject(new StoreUnavailable("the database did not take it in time"));
      return false;
    });
  }
}
