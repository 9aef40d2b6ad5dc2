// Takes over what members held that are gone, one node at a time; a member that leaves says what is not to be taken over.
import type { Logger } from "pino";
import { type Clock, pause } from "../../../xmpp/clock.ts";
import { chunksOf } from "../../chunks.ts";
import { eachInTurn } from "../../delivery/background.ts";
import type { HeldStore } from "../../held/port.ts";
import type { Exclusive } from "../../ports/exclusive.ts";
import type { SessionHost } from "../../ports/host.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { adoptHeld } from "./held.ts";

/** ms that a member's last word is kept. */
const REMEMBERED = 3_600_000;

/** Ids in one command. */
const CHUNK = 1_000;

/** Nothing is left out. */
const NONE: ReadonlySet<number> = new Set();

/** ms between two looks at whether all is removed that was taken over. */
const LOOK = 500;

/** What takes part. */
export interface AdoptionParts {
  readonly prefix: string;
  /** Who takes over what a member held does so alone. */
  readonly exclusive: Pick<Exclusive, "attempt">;
  readonly held: HeldStore;
  readonly hosts: ReadonlyMap<string, SessionHost>;
  /**
   * Told of the accounts (bare JIDs) of which something that a member held has no new way yet: once all of it was read, and
   * of none once all that could be was given on, and is answered for.
   */
  readonly left: (member: string, accounts: readonly string[]) => void;
  readonly log: Logger;
  readonly clock: Clock;
}

/** What one node takes over, and leaves. */
export class Adoption {
  private readonly redis: RedisConnection;
  private readonly parts: AdoptionParts;

  constructor(redis: RedisConnection, parts: AdoptionParts) {
    this.redis = redis;
    this.parts = parts;
  }

  /**
   * Takes over what a member held that is gone, but for the ids in `but`. False where somebody is at it, which may die
   * over it: to be tried again. So is what is left where this node is not alone at it any more: it begins nothing then.
   * @throws ExclusiveUnavailable, StoreUnavailable
   */
  of(member: string, but = NONE): Promise<boolean> {
    const { held, hosts, log, exclusive } = this.parts;
    const left = (accounts: readonly string[]) => this.parts.left(member, accounts);
    return exclusive.attempt(`adopting ${member}`, async (section) => {
      const gone = await this.redis.smembers(this.wordOf(member));
      section.check();
      await held.remove(gone.map((id) => ({ member, id: Number(id) })));
      const takeover = adoptHeld({ held, member, hosts, log, but, section, left }).then(() => left([]));
      await takeover.finally(() => this.removed(member));
    });
  }

  /**
   * What members held that are gone, for instance because the whole region was down, or who buried them died over it.
   * False where another node is at some of it.
   */
  async orphans(lives: (member: string) => Promise<boolean>): Promise<boolean> {
    let done = true;
    await eachInTurn(await this.parts.held.members(), async (member) => {
      if (!(await lives(member)) && !(await this.of(member))) done = false;
    });
    return done;
  }

  /** This node leaves: what it could not remove, and what may still come behind its back, is not to be delivered again. */
  async leave(): Promise<void> {
    for (const [member, keys] of Map.groupBy(this.parts.held.unremoved, ({ member }) => member)) {
      const word = this.wordOf(member);
      for (const chunk of chunksOf(keys, CHUNK)) await this.redis.sadd(word, ...chunk.map(({ id }) => String(id)));
      await this.redis.pexpire(word, REMEMBERED);
    }
  }

  /** What has its new way and is not removed yet must not be taken over by another node meanwhile. */
  private async removed(member: string): Promise<void> {
    while (this.parts.held.unremoved.some((key) => key.member === member)) await pause(this.parts.clock, LOOK);
  }

  private wordOf(member: string): string {
    return `${this.parts.prefix}:unremoved:{${member}}`;
  }
}
