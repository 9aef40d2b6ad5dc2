// Which nodes live: a lease for each, renewed by its heartbeat; and who takes a dead node's sessions out.

import type { Logger } from "pino";
import type { Clock, Timer } from "../../../xmpp/clock.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { BoundedNames } from "./bounded-names.ts";
import { Burials } from "./burials.ts";
import { leaseKey, livesIn } from "./leases.ts";
import type { MembershipEvents, MembershipOptions, MembershipTimes } from "./parts.ts";

/** One node's membership. */
export class Membership {
  private readonly redis: RedisConnection;
  private readonly prefix: string;
  private readonly times: MembershipTimes;
  private readonly clock: Clock;
  private readonly elapsed: () => number;
  private readonly events: MembershipEvents;
  private readonly log: Logger;
  private member: string;
  private known = new Set<string>();
  private timer: Timer | undefined;
  private beating: Promise<void> | undefined;
  private looking: Promise<void> | undefined;
  /** True where a beat was late, and nobody has been told yet. */
  private late = false;
  /** ms by which timers were late since the last beat that went through: the process stood still so long at a time. */
  private stoodStill = 0;
  /** ms of the last beat that went through; undefined before the first. */
  private lastBeat: number | undefined;
  /** Until then nobody is taken for dead: leases that ran out while Redis was away say nothing. */
  private graceUntil = 0;
  /** The same of members whose leases alone could not be read, as where one master of Redis Cluster hangs. */
  private readonly graces = new Map<string, number>();
  /** Members that vanished: whatever their leases say, they come back under other names. */
  private readonly gone = new BoundedNames();
  private readonly burials: Burials;
  private readonly burying = new Map<string, Promise<void>>();

  constructor(
    redis: RedisConnection,
    { prefix, member, times, clock, elapsed = () => performance.now(), log }: MembershipOptions,
    events: MembershipEvents,
  ) {
    this.redis = redis;
    this.prefix = prefix;
    this.member = member;
    this.times = times;
    this.clock = clock;
    this.elapsed = elapsed;
    this.log = log;
    this.burials = new Burials({ redis, prefix, inTime: (asked) => this.inTime(asked) });
    this.events = events;
  }

  /** Joins, and goes on beating until `leave`. @throws where Redis does not answer */
  async join(): Promise<void> {
    await this.enter();
    // Whoever has just come does not know whether Redis took the others' leases until now.
    this.grace();
    await this.look();
    this.lastBeat = this.elapsed();
    this.beatLater();
  }

  /** True where the others may have taken this node for dead without its knowing. */
  get overdue(): boolean {
    return this.lastBeat !== undefined && this.elapsed() - this.lastBeat > this.times.lease;
  }

  /** Beats now, for instance because Redis is back. */
  beat(): void {
    // One beat at a time: while Redis is away they would pile up.
    this.beating ??= this.beatOnce().finally(() => {
      this.beating = undefined;
    });
  }

  private beatLater(): void {
    const due = this.elapsed() + this.times.heartbeat;
    this.timer = this.clock.setTimeout(() => {
      this.stoodStill = Math.max(this.stoodStill, this.elapsed() - due);
      this.beatLater();
      this.beat();
    }, this.times.heartbeat);
  }

  /** Leaves in order: nobody has to clean up. @throws where Redis does not answer */
  async leave(): Promise<void> {
    this.clock.clearTimeout(this.timer);
    await this.beating;
    await this.looking;
    await this.redis.srem(this.key("members"), this.member);
    await this.redis.del(this.lease(this.member));
  }

  /** Ends the beats without a word, as a crash would. */
  stop(): void {
    this.clock.clearTimeout(this.timer);
  }

  /** Somebody spoke who may be no member: looked at with the others from now on. */
  note(member: string): void {
    this.known.add(member);
  }

  /** Somebody said farewell: nobody is to be told of its end, and no lease of it is missed. */
  farewell(member: string): void {
    this.known.delete(member);
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

  /** Another node says that it has buried the member. @throws where Redis does not answer */
  buriedElsewhere(member: string): Promise<void> {
    return this.bury(member, "a node's end was told");
  }

  /** ms that are left until somebody may be taken for dead. */
  get graceLeft(): number {
    return Math.max(0, this.graceUntil - this.elapsed());
  }

  /**
   * True for a member that has left, or was buried: one whose lease alone is missing may live, and so may any that a Redis
   * which came back empty has not heard of yet. @throws as Redis
   */
  async isGone(member: string): Promise<boolean> {
    if (this.graceLeft > 0 || (await this.lives(member))) return false;
    return !(await this.redis.smembers(this.key("members"))).includes(member);
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
    const began = this.elapsed();
    const late = this.overdue;
    // Whoever was late itself cannot tell who else was: its process, or all of them with Redis, may have stood still.
    if (late) this.grace();
    try {
      const value = String(this.events.version);
      const [was, buried] = await this.inTime(
        Promise.all([
          this.redis.set(this.lease(this.member), value, "PX", this.times.lease, "GET"),
          this.burials.has(this.member),
          this.redis.sadd(this.key("members"), this.member),
        ]),
      );
      if (buried) await this.wasBuried(began);
      else if (was === null) await this.leaseWasLost(began);
      // The lease holds from when Redis had it, which was not before it was sent.
      this.lastBeat = began;
      this.stoodStill = 0;
      this.late ||= late;
      // What comes of it takes its time, and must hold up no renewal: this node would be the next to be taken for dead.
      this.looking ??= this.lookAround().finally(() => {
        this.looking = undefined;
      });
    } catch (error) {
      this.beatFailed(error);
    }
  }

  private async lookAround(): Promise<void> {
    const { late } = this;
    this.late = false;
    try {
      await this.events.beaten(late);
      await this.look();
    } catch (error) {
      this.beatFailed(error);
    }
  }

  private beatFailed(error: unknown): void {
    this.grace();
    this.log.debug({ err: error }, "heartbeat failed");
  }

  /** Why its lease ran out: how long it did not get through to Redis, and for how much of that it stood still itself; ms. */
  private silence(began: number): { readonly silentMs: number; readonly stoodStillMs: number } {
    const { lastBeat = began, stoodStill } = this;
    return { silentMs: Math.round(began - lastBeat), stoodStillMs: Math.round(stoodStill) };
  }

  private grace(): void {
    this.graceUntil = this.elapsed() + 2 * this.times.lease;
  }

  /**
   * An answer of Redis that comes late is none, and a beat that hangs is one that failed: by then leases may have run
   * out that could not be renewed. The limit and the pause between two beats fit into the time that a lease holds.
   */
  private inTime<T>(asked: Promise<T>): Promise<T> {
    const limit = (this.times.lease - this.times.heartbeat) / 2;
    return new Promise<T>((resolve, reject) => {
      const timer = this.clock.setTimeout(() => reject(new Error("Redis did not answer in time")), limit);
      asked.then(resolve, reject).finally(() => this.clock.clearTimeout(timer));
    });
  }

  /** The others took this node for dead: it was silent for too long. What it left under the old name goes. */
  private async wasBuried(began: number): Promise<void> {
    const { member } = this;
    this.log.warn({ member, ...this.silence(began) }, "this node was taken for dead");
    await this.events.buried();
    await Promise.all([this.redis.srem(this.key("members"), member), this.redis.del(this.lease(member))]);
  }

  /** Redis has forgotten everybody, or so it seems. */
  private async leaseWasLost(began: number): Promise<void> {
    this.log.warn({ member: this.member, ...this.silence(began) }, "this node's lease was lost");
    this.grace();
    await this.events.emptied();
  }

  /** Compares the members with the leases that hold. */
  private async look(): Promise<void> {
    const { member: self } = this;
    const listed = await this.inTime(this.redis.smembers(this.key("members")));
    // It goes on as another member since.
    if (this.member !== self) return;
    const members = new Set([...listed, ...this.known]);
    members.delete(self);
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
      } else if (this.elapsed() >= Math.max(this.graceUntil, this.graces.get(member) ?? 0))
        await this.bury(member, "a node's lease ran out");
    } catch (error) {
      this.graces.set(member, this.elapsed() + 2 * this.times.lease);
      this.log.debug({ err: error, member }, "a lease could not be read");
    }
  }

  /** One burial of a member at a time: who else finds it dead waits for that one. */
  private bury(member: string, why: string): Promise<void> {
    const under = this.burying.get(member);
    if (under !== undefined) return under;
    const burial = this.buryNow(member, why).finally(() => this.burying.delete(member));
    this.burying.set(member, burial);
    return burial;
  }

  /** Each step may be done again: where one fails the member is listed still, and found without a lease again. */
  private async buryNow(member: string, why: string): Promise<void> {
    const ours = await this.burials.claim(member, this.member);
    this.known.delete(member);
    this.log.warn({ member, ours }, why);
    this.events.died(member, ours);
    // Last: whoever finds it listed sees to it that somebody has told of its end.
    if (ours) await this.inTime(this.redis.srem(this.key("members"), member));
  }

  private lease(member: string): string {
    return leaseKey(this.prefix, member);
  }

  private key(name: string): string {
    return `${this.prefix}:${name}`;
  }
}
