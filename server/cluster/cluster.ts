// A node's part in its cluster: joins it, follows who lives, carries stanzas to sessions elsewhere, leaves.

import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import type { ClusterConfig } from "../../contract/contract.ts";
import { type Clock, lastingClock, systemClock, untilHolds } from "../../xmpp/clock.ts";
import type { C2sContext } from "../c2s/context.ts";
import { C2sSession } from "../c2s/session.ts";
import { inBackground } from "../delivery/background.ts";
import { DOCUMENTS } from "../documents/store.ts";
import { HELD } from "../held/store.ts";
import type { SessionHost } from "../ports/host.ts";
import type { ClientSession } from "../ports/session.ts";
import type { Stores } from "../ports/store.ts";
import { WireBus } from "./bus/node-bus.ts";
import { RedisWire } from "./bus/wire.ts";
import type { Links } from "./links/links.ts";
import { openLinks } from "./links/open.ts";
import { Membership } from "./membership/membership.ts";
import { buryVanished } from "./membership/vanished.ts";
import { Exclusion } from "./ownership/exclusion.ts";
import { RedisLocks } from "./ownership/locks.ts";
import { MemberOwnership } from "./ownership/ownership.ts";
import { RedisTerms } from "./ownership/terms.ts";
import { connectRedis, type RedisConnection, RedisUnavailable } from "./redis/connection.ts";
import { REDIS_SILENT } from "./redis/health.ts";
import { Adoption } from "./sessions/adoption.ts";
import { MemberEstates } from "./sessions/estates.ts";
import { takeForSessions } from "./sessions/for-sessions.ts";
import { ClusterHandover } from "./sessions/handover.ts";
import { RedisSessionRegistry } from "./sessions/session-registry.ts";
import { takeStanzas } from "./sessions/take-stanzas.ts";
import { Takeovers } from "./sessions/takeovers.ts";

/** ms that a node which leaves waits for what it gave to others to be safe there, and what they gave to it, here. */
const SAFE_TIMEOUT = 6_000;

/** Accounts of which others are told that something held for them has no new way yet; of more they hear at the end. */
const LEFT_LIMIT = 1_000;

/** ms between two looks at whether it is. */
const LOOK_INTERVAL = 10;

/** What a cluster needs of its node. */
export interface ClusterParts {
  readonly node: string;
  readonly hosts: ReadonlyMap<string, SessionHost>;
  readonly storage: Stores;
  readonly log: Logger;
  /** Default: the machine's own, by which the other members and Redis go too. */
  readonly clock?: Clock;
}

/** A node's part in its cluster. */
export class Cluster {
  readonly bus: WireBus;
  readonly registry: RedisSessionRegistry;
  readonly exclusive: Exclusion;
  private readonly estates: MemberEstates;
  readonly ownership: MemberOwnership;
  private readonly subscriber: RedisConnection;
  readonly membership: Membership;
  private readonly adoption: Adoption;
  private readonly parts: ClusterParts;
  private readonly clock: Clock;
  private readonly takeovers: Takeovers;
  readonly links: Links;

  private constructor(config: ClusterConfig, parts: ClusterParts, redis: RedisConnection, subscriber: RedisConnection) {
    const { prefix } = config;
    const { log, clock = systemClock } = parts;
    this.parts = parts;
    this.clock = clock;
    this.subscriber = subscriber;
    const member = newMember(parts.node);
    this.bus = new WireBus(new RedisWire(redis, subscriber, log), { prefix, member, log, clock });
    this.estates = new MemberEstates({ clock, log });
    this.registry = new RedisSessionRegistry(redis, {
      prefix,
      bus: this.bus,
      hosts: parts.hosts,
      location: config.location,
      documents: parts.storage.of(DOCUMENTS),
      estates: this.estates,
      clock,
      log,
    });
    this.exclusive = new Exclusion({ locks: new RedisLocks(redis, prefix), clock });
    this.membership = this.newMembership(config, redis);
    this.ownership = new MemberOwnership({
      bus: this.bus,
      terms: new RedisTerms(redis, prefix),
      clock,
      log,
      fenced: () => this.membership.overdue,
      isGone: (member) => this.membership.isGone(member),
    });
    const held = parts.storage.of(HELD);
    const { exclusive } = this;
    const left = (member: string, accounts: readonly string[]) => this.takenOver(member, accounts);
    this.adoption = new Adoption(redis, { prefix, exclusive, held, hosts: parts.hosts, left, clock, log });
    const { adoption, membership } = this;
    const living = () => [this.bus.member, ...this.bus.others];
    this.takeovers = new Takeovers({ adoption, membership, living, lease: config.leaseSeconds * 1000, clock, log });
    takeStanzas(this.bus, parts.hosts, parts.log);
    takeForSessions(this.bus, parts.hosts, parts.log);
    const broken = (member: string) => inBackground(this.broken(member), log);
    this.links = openLinks(config, { redis, bus: this.bus, clock, log, broken });
    this.bus.fenced = () => this.membership.overdue;
    this.bus.onMember((member, state) => {
      if (state === "died") return this.links.gone(member);
      this.membership.note(member);
      this.links.met(member);
    });
    this.bus.onAnnouncement("bye", (from) => {
      this.membership.farewell(from);
      this.died(from, false);
    });
    this.bus.onAnnouncement("died", (_from, [member = ""]) => {
      if (this.bus.others.includes(member)) inBackground(this.membership.buriedElsewhere(member), log);
      // It lives: the sooner it goes on as another one the less is done twice.
      if (member === this.bus.member) this.membership.beat();
    });
    this.bus.onAnnouncement("taken over", (_from, [member = "", ...left]) => this.estates.narrowed(member, left));
  }

  /** Prepares it over a connection for commands; nothing is told yet. @throws RedisUnavailable, ConfigError */
  static async open(config: ClusterConfig, parts: ClusterParts, redis: RedisConnection): Promise<Cluster> {
    return new Cluster(config, parts, redis, await connectRedis(config.redis, parts.log));
  }

  /**
   * Joins: from now on others send here, and this node knows their sessions. May be tried again where it fails.
   * @throws RedisUnavailable
   */
  async join(context: C2sContext): Promise<void> {
    context.handover ??= new ClusterHandover(context, this.bus, this.registry);
    try {
      await this.bus.open();
      await this.registry.rewrite();
      await this.links.begin();
      await this.membership.join();
      await this.registry.idle();
    } catch (error) {
      throw new RedisUnavailable(`cluster.redis: the cluster could not be joined (${(error as Error).message})`);
    }
    this.takeovers.begin();
  }

  /** Leaves in order; sessions must be gone already. */
  async leave(): Promise<void> {
    await this.ownership.leave();
    // What this node still has to say comes first: after the farewell nobody listens. What it gave to others is theirs
    // once they have confirmed it; what it had stored for that is removed then, or it would be delivered again.
    await this.until(() => this.bus.unconfirmed === 0);
    // What others gave to this node is safe, or theirs again: what is on its way to a store is waited for, or they would
    // store it as well.
    this.bus.takeNoMore();
    await this.until(() => this.bus.owed === 0);
    await this.bus.settled();
    try {
      // The farewell, which goes by Redis, must not overtake what goes directly.
      await this.links.finish();
      this.bus.announce("bye", []);
      await this.bus.settled();
      await this.adoption.leave();
      await this.registry.leave();
      await this.membership.leave();
    } catch (error) {
      const { message: reason } = error as Error;
      this.parts.log.warn({ reason }, "the cluster could not be told that this node leaves");
    }
    this.close();
  }

  /** Resolves once it holds, or can be waited for no longer. */
  private until(holds: () => boolean): Promise<void> {
    return untilHolds(lastingClock, holds, { end: lastingClock.now() + SAFE_TIMEOUT, every: LOOK_INTERVAL });
  }

  /** Ends its part without a word, as a crash would. */
  close(): void {
    this.takeovers.stop();
    this.estates.stop();
    this.membership.stop();
    this.links.close();
    this.subscriber.disconnect();
  }

  private newMembership(config: ClusterConfig, redis: RedisConnection): Membership {
    const times = { heartbeat: config.heartbeatSeconds * 1000, lease: config.leaseSeconds * 1000 };
    const { log } = this.parts;
    const { bus, registry, clock } = this;
    const died = (member: string, ours: boolean) => {
      this.estates.left(member, this.registry.elsewhere.accountsOf(member));
      this.died(member, ours);
      // Who looks for itself may be late, or may take nobody for dead yet.
      if (ours) this.bus.announce("died", [member]);
    };
    const look = () => this.look();
    return new Membership(
      redis,
      { prefix: config.prefix, member: bus.member, times, clock, log },
      {
        get version() {
          return registry.version;
        },
        joined(member, version) {
          bus.joined(member);
          registry.joined(member, version);
        },
        died,
        emptied: () => registry.rewrite(),
        buried: () => this.rise(),
        async beaten(late) {
          if (late) look();
          bus.beat();
          await registry.beaten();
        },
      },
    );
  }

  /** This node was taken for dead while it lived: it goes on as a new member with the same sessions. */
  private async rise(): Promise<void> {
    const member = newMember(this.parts.node);
    this.parts.log.warn({ was: this.bus.member, now: member }, "taken for dead; joining again");
    const kept = this.ownSessions().flatMap(
      (one) => (one instanceof C2sSession && one.sm?.lending.giveUpStored()) || [],
    );
    // What was on its way to others is given back below: it must not find their sessions here.
    for (const other of this.bus.others) this.registry.died(other, false);
    const { member: was } = this.bus;
    const becoming = this.bus.becomes(member);
    // Who buried it has taken over what was held by then, or died over it; what came later is nobody else's.
    this.takeovers.of(was, new Set(kept));
    await becoming;
    await this.links.becomes(was);
    await this.registry.renamed(was);
    await this.membership.becomes(member);
    await this.registry.rewrite();
    this.look();
  }

  /**
   * Others may have kept messages for accounts whose sessions they did not see, and who remembers that may be gone: what
   * is kept for the sessions here is looked for.
   */
  private look(): void {
    for (const host of this.parts.hosts.values()) host.emit("knowledge.lost", {});
  }

  private ownSessions(): ClientSession[] {
    return [...this.parts.hosts.values()].flatMap((host) => [...host.sessions.own()]);
  }

  /** A connection to a member broke, which may be gone. */
  private async broken(member: string): Promise<void> {
    this.estates.doubted(member, this.registry.elsewhere.accountsOf(member));
    const looking = { clock: this.clock, log: this.parts.log };
    await buryVanished(member, this, looking).finally(() => this.estates.cleared(member));
  }

  /** What a member held that is gone has its new way, but for that of the accounts that are left: what comes after may come. */
  private takenOver(member: string, left: readonly string[]): void {
    if (left.length > LEFT_LIMIT) return;
    this.estates.narrowed(member, left);
    this.bus.announce("taken over", [member, ...left]);
  }

  /** A member is gone, or has left in order: then nothing is awaited of it. */
  private died(member: string, ours: boolean): void {
    this.registry.died(member, ours);
    this.bus.died(member, ours);
    this.look();
    if (ours) this.takeovers.of(member);
    this.takeovers.soon();
  }

  /** Why the node should get no clients, in the words of `/readyz`; undefined where the others hear of it. */
  get notReady(): string | undefined {
    return this.membership.overdue ? REDIS_SILENT : undefined;
  }
}

/** A name that no other start of a node has. */
function newMember(node: string): string {
  return `${node}~${randomBytes(5).toString("hex")}`;
}
