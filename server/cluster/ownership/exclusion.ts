// Work that only one node of a region does at a time: one queue here, a lock over all nodes, and an end to its time.
import type { Clock } from "../../../xmpp/clock.ts";
import { type Exclusive, ExclusiveUnavailable, type Section } from "../../ports/exclusive.ts";
import type { Lease, Locks } from "./locks.ts";
import { Tenure } from "./tenure.ts";
import { Turns } from "./turns.ts";

/** ms that one waits here for those before, and again for other nodes. */
const PATIENCE = 3_000;
/** How many may wait at a node for one key, and for all. */
const PER_KEY = 200;
const TOGETHER = 10_000;
/** ms between two tries, at most. */
const PAUSE = 20;
/** ms that work may take: several operations of a store that is slow. */
const LONGEST = 15_000;

/** What exclusive work rests on. */
export interface ExclusionParts {
  readonly locks: Locks;
  readonly clock: Clock;
  /** ms of a clock that nobody sets. */
  readonly elapsed?: () => number;
}

/** Exclusive work of one node. */
export class Exclusion implements Exclusive {
  private readonly locks: Locks;
  private readonly clock: Clock;
  private readonly elapsed: () => number;
  private readonly turns: Turns;

  constructor({ locks, clock, elapsed = () => performance.now() }: ExclusionParts) {
    this.locks = locks;
    this.clock = clock;
    this.elapsed = elapsed;
    this.turns = new Turns(clock, { perKey: PER_KEY, together: TOGETHER, patience: PATIENCE });
  }

  /** Keys with work under way. */
  get size(): number {
    return this.turns.size;
  }

  async run<T>(key: string, work: (section: Section) => Promise<T>): Promise<T> {
    await this.turns.enter(key);
    let tenure: Tenure;
    try {
      tenure = await this.take(key);
    } catch (error) {
      this.turns.leave(key);
      throw error;
    }
    return this.within(key, tenure, work);
  }

  async attempt(key: string, work: (section: Section) => Promise<void>): Promise<boolean> {
    if (this.turns.has(key)) return false;
    await this.turns.enter(key);
    let tenure: Tenure | undefined;
    try {
      tenure = await this.tryOnce(key, PATIENCE, Number.POSITIVE_INFINITY);
    } finally {
      if (tenure === undefined) this.turns.leave(key);
    }
    if (tenure === undefined) return false;
    await this.within(key, tenure, work);
    return true;
  }

  private async within<T>(key: string, tenure: Tenure, work: (section: Section) => Promise<T>): Promise<T> {
    // Lock and turn are the work's until it is done: what it gave to a store before its time was over is under way yet.
    const done = this.begin(work, tenure);
    void Promise.race([done.catch(() => undefined), tenure.left]).then(() => {
      tenure.end();
      this.turns.leave(key);
    });
    // Whoever waits learns at once that the time is over, whatever the work does then.
    return await Promise.race([done, tenure.over]);
  }

  private async begin<T>(work: (section: Section) => Promise<T>, tenure: Tenure): Promise<T> {
    return work(tenure);
  }

  /** @throws ExclusiveUnavailable */
  private async take(key: string): Promise<Tenure> {
    const { clock, elapsed } = this;
    const end = elapsed() + PATIENCE;
    for (;;) {
      const tenure = await this.tryOnce(key, end - elapsed(), LONGEST);
      if (tenure !== undefined) return tenure;
      if (elapsed() >= end) throw new ExclusiveUnavailable("another node is at it for too long");
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 1 + Math.random() * PAUSE));
    }
  }

  /** Undefined where another node has it. @throws ExclusiveUnavailable */
  private async tryOnce(key: string, patience: number, longest: number): Promise<Tenure | undefined> {
    const { clock, elapsed, locks } = this;
    const from = elapsed();
    const lease = await this.inTime(patience, locks.take(key));
    return lease && new Tenure({ lease, leaseMs: locks.leaseMs, clock, elapsed, from, longest });
  }

  /** The answer within so many ms; a lock that comes later is let go of again. @throws ExclusiveUnavailable */
  private inTime(ms: number, taking: Promise<Lease | undefined>): Promise<Lease | undefined> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string) => reject(new ExclusiveUnavailable(`nobody says whose turn it is (${reason})`));
      let late = false;
      const timer = this.clock.setTimeout(() => {
        late = true;
        fail("no answer in time");
      }, ms);
      taking.then(
        (lease) => {
          this.clock.clearTimeout(timer);
          if (late) lease?.release();
          else resolve(lease);
        },
        (error: Error) => {
          this.clock.clearTimeout(timer);
          fail(error.message);
        },
      );
    });
  }
}
