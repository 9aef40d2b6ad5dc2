// Which nodes live: a lease for each, renewed by its heartbeat; and who takes a dead node's sessions out.

import type { Logger } from "pino";
import { lastingClock, systemClock, type Timer } from "../../../xmpp/clock.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { BoundedNames } from "./bounded-names.ts";

/** What is told of the members. */
export interface MembershipEvents {
  joined(member: string, version: number): void;
  /** A member is gone. `ours` is true at the one node that is to clean up after it. */
  died(member: string, ours: boolean): void;
  /** Redis lost what it knew of this node: write everything again. */
  emptied(): Promise<void>;
  /** The others took this node for dead and cleaned up after it. */
  buried(): Promise<void>;
  /** A beat went through; `late` where this node heard nothing of the others for longer than a lease. */
  beaten(late: boolean): Promise<void>;
  /** Version of what this node has told of its sessions. */
  readonly version: number;
}

/** Times of a membership, ms of real time: it is about processes, not about protocol states. */
export interface MembershipTimes {
  readonly heartbeat: number;
  readonly lease: number;
}

/** ms that a death is remembered, so that the dead one finds out should it live after all. */
const BURIAL = 3_600_000;

/** Members whose leases hold, as whoever is none itself sees them: it only reads. @throws where Redis does not answer */
export async function livingMembers(redis: RedisConnection, prefix: string): Promise<string[]> {
  const members = await redis.smembers(`${prefix}:members`);
  const alive = await Promise.all(members.map((member) => livesIn(redis, prefix, member)));
  return members.filter((_member, i) => alive[i]);
}

async function livesIn(redis: RedisConnection, prefix: string, member: string): Promise<boolean> {
  return (await redis.exists(leaseKey(prefix, member))) === 1;
}

function leaseKey(prefix: string, member: string): string {
  return `${prefix}:lease:{${member}}`;
}

/** One node's membership. */
export class Membership {
  private readonly redis: RedisConnection;
  private readonly prefix: string;
  private readonly times: MembershipTimes;
  private readonly events: MembershipEvents;
  private readonly log: Logger;
  private member: string;
  private known = new Set<string>();
  private timer: Timer | undefined;
  private beating: Promise<void> | undefined;
  /** ms of the last beat that went through; undefined before the first. */
  private lastBeat: number | undefined;
  /** Until then nobody is taken for dead: leases that ran out while Redis was away say nothing. */
  private graceUntil = 0;
  /** The same of members whose leases alone could not be read, as where one master of Redis Cluster hangs. */
  private readonly graces = new Map<string, number>();
  /** Members that vanished: whatever their leases say, they come back under other names. */
  private readonly gone = new BoundedNames();
  private readonly burying = new Set<string>();

  constructor(
    redis: RedisConnection,
    options: {
      readonly prefix: string;
      readonly member: string;
      readonly times: MembershipTimes;
      readonly log: Logger;
    },
    events: MembershipEvents,
  ) {
    this.redis = redis;
    this.prefix = options.prefix;
    this.member = options.member;
    this.times = options.times;
    this.log = options.log;
    this.events = events;
  }

  /** Joins, and goes on beating until `leave`. @throws where Redis does not answer */
  async join(): Promise<void> {
    await this.enter();
    // Whoever has just come does not know whether Redis took the others' leases until now.
    this.grace();
    await this.look();
    this.lastBeat = performance.now();
    this.beatLater();
  }

  /** True where the others may have taken this node for dead without its knowing. */
  get overdue(): boolean {
    return this.lastBeat !== undefined && performance.now() - this.lastBeat > this.times.lease;
  }

  /** Beats now, for instance because Redis is back. */
  beat(): void {
    // One beat at a time: while Redis is away they would pile up.
    this.beating ??= this.beatOnce().finally(() => {
      this.beating = undefined;
    });
  }

  private beatLater(): void {
    this.timer = systemClock.setTimeout(() => {
      this.beatLater();
      this.beat();
    }, this.times.heartbeat);
  }

  /** Leaves in order: nobody has to clean up. @throws where Redis does not answer */
  async leave(): Promise<void> {
    systemClock.clearTimeout(this.timer);
    await this.beating;
    await this.redis.srem(this.key("members"), this.member);
    await this.redis.del(this.lease(this.member));
  }

  /** Ends the beats without a word, as a crash would. */
  stop(): void {
    systemClock.clearTimeout(this.timer);
  }

  /** Somebody spoke who may be no member: looked at with the others from now on. */
  note(member: string): void {
    this.known.add(member);
  }

  /** True for a member whose lease holds. */
  lives(member: string): Promise<boolean> {
    return livesIn(this.redis, this.prefix, member);
  }

  /** The member's process is gone, as others say than its lease: its end is told now. @throws where Redis does not answer */
  async vanished(member: string): Promise<void> {
    this.gone.add(member);
    await this.bury(member, "a node's process is gone");
    // The others need not wait for it either. One that lives after all finds its burial, as after a lease that ran out.
    await this.inTime(this.redis.del(this.lease(member)));
  }

  /** ms that are left until somebody may be taken for dead. */
  get graceLeft(): number {
    return Math.max(0, this.graceUntil - performance.now());
  }

  /**
   * True for a member that has left, or was buried: one whose lease alone is missing may live, and so may any that a Redis
   * which came back empty has not heard of yet. @throws as Redis
   */
  async isGone(member: string): Promise<boolean> {
    if (this.graceLeft > 0 || (await this.lives(member))) return false;
    return !(await this.redis.smembers(this.key("members"))).includes(member);
  }

  /** True where it is this node's to tell of a member's end. */
  private async claim(member: string): Promise<boolean> {
    const key = this.burial(member);
    if ((await this.redis.set(key, this.member, "PX", BURIAL, "NX")) === "OK") return true;
    const by = await this.redis.get(key);
    // The answer to an earlier claim was lost.
    if (by === this.member) return true;
    if (by === null || (await this.lives(by))) return false;
    // Whoever claimed it died over it. Two that take it over at once tell twice, which is better than never.
    return (await this.redis.set(key, this.member, "PX", BURIAL, "XX")) === "OK";
  }

  /** Goes on as another member. */
  async becomes(member: string): Promise<void> {
    this.member = member;
    this.known.clear();
    await this.enter();
  }

  private async enter(): Promise<void> {
    // The lease first: a member without one is dead.
    await this.redis.set(this.lease(this.member), String(this.events.version), "PX", this.times.lease);
    await this.redis.sadd(this.key("members"), this.member);
  }

  private async beatOnce(): Promise<void> {
    const began = performance.now();
    const late = this.overdue;
    // Whoever was late itself cannot tell who else was: its process, or all of them with Redis, may have stood still.
    if (late) this.grace();
    try {
      const value = String(this.events.version);
      const [was, buried] = await this.inTime(
        Promise.all([
          this.redis.set(this.lease(this.member), value, "PX", this.times.lease, "GET"),
          this.redis.exists(this.burial(this.member)),
          this.redis.sadd(this.key("members"), this.member),
        ]),
      );
      if (buried === 1) await this.wasBuried();
      else if (was === null) await this.leaseWasLost();
      // The lease holds from when Redis had it, which was not before it was sent.
      this.lastBeat = began;
      await this.events.beaten(late);
      await this.look();
    } catch (error) {
      this.grace();
      this.log.debug({ err: error }, "heartbeat failed");
    }
  }

  private grace(): void {
    this.graceUntil = performance.now() + 2 * this.times.lease;
  }

  /**
   * An answer of Redis that comes late is none, and a beat that hangs is one that failed: by then leases may have run
   * out that could not be renewed. The limit and the pause between two beats fit into the time that a lease holds.
   */
  private inTime<T>(asked: Promise<T>): Promise<T> {
    const limit = (this.times.lease - this.times.heartbeat) / 2;
    return new Promise<T>((resolve, reject) => {
      const timer = lastingClock.setTimeout(() => reject(new Error("Redis did not answer in time")), limit);
      asked.then(resolve, reject).finally(() => lastingClock.clearTimeout(timer));
    });
  }

  /** The others took this node for dead: it was silent for too long. What it left under the old name goes. */
  private async wasBuried(): Promise<void> {
    const { member } = this;
    await this.events.buried();
    await Promise.all([this.redis.srem(this.key("members"), member), this.redis.del(this.lease(member))]);
  }

  /** Redis has forgotten everybody, or so it seems. */
  private async leaseWasLost(): Promise<void> {
    this.log.warn({ member: this.member }, "this node's lease was lost");
    this.grace();
    await this.events.emptied();
  }

  /** Compares the members with the leases that hold. */
  private async look(): Promise<void> {
    const listed = await this.inTime(this.redis.smembers(this.key("members")));
    const members = new Set([...listed, ...this.known]);
    members.delete(this.member);
    for (const member of this.graces.keys()) if (!members.has(member)) this.graces.delete(member);
    await Promise.all([...members].map((member) => this.lookAt(member)));
  }

  /** What fails with one member keeps nobody from the others. */
  private async lookAt(member: string): Promise<void> {
    try {
      const version = await this.inTime(this.redis.get(this.lease(member)));
      if (version !== null && this.gone.has(member)) return;
      if (version !== null) {
        this.known.add(member);
        this.events.joined(member, Number(version));
      } else if (performance.now() >= Math.max(this.graceUntil, this.graces.get(member) ?? 0))
        await this.bury(member, "a node's lease ran out");
    } catch (error) {
      this.graces.set(member, performance.now() + 2 * this.times.lease);
      this.log.debug({ err: error, member }, "a lease could not be read");
    }
  }

  /** Each step may be done again: where one fails the member is listed still, and found without a lease again. */
  private async bury(member: string, why: string): Promise<void> {
    if (this.burying.has(member)) return;
    this.burying.add(member);
    try {
      const ours = await this.inTime(this.claim(member));
      this.known.delete(member);
      this.log.warn({ member, ours }, why);
      this.events.died(member, ours);
      // Last: whoever finds it listed sees to it that somebody has told of its end.
      if (ours) await this.inTime(this.redis.srem(this.key("members"), member));
    } finally {
      this.burying.delete(member);
    }
  }

  private lease(member: string): string {
    return leaseKey(this.prefix, member);
  }

  private burial(member: string): string {
    return this.key(`burial:{${member}}`);
  }

  private key(name: string): string {
    return `${this.prefix}:${name}`;
  }
}
