// The registry of sessions: each node's own in Redis, everybody's in memory. Written when something changes, never else.
import type { Logger } from "pino";
import type { Clock, Timer } from "../../../xmpp/clock.ts";
import { flushLater } from "../../../xmpp/stream/gather.ts";
import { chunksOf } from "../../chunks.ts";
import { inBackground } from "../../delivery/background.ts";
import type { DocumentStore } from "../../documents/port.ts";
import type { Estates, SessionRegistry } from "../../ports/cluster.ts";
import type { SessionHost } from "../../ports/host.ts";
import type { ClientSession } from "../../ports/session.ts";
import type { WireBus } from "../bus/node-bus.ts";
import { EntryPace } from "../membership/entry-pace.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { CountDoubts } from "./count-doubts.ts";
import { Elsewhere, type Member } from "./elsewhere.ts";
import { HandledCounts } from "./handled-counts.ts";
import { entryOf } from "./session-entry.ts";

/** Fields of one HSET while everything is written again. */
const CHUNK = 500;
/** ms between two looks at whether what an account changes too often may be told. */
const LATER = 250;
/** Field of a node's hash that holds the version of the rest. */
const VERSION = "version";
/** Field written last: without it the hash is what was changed since Redis lost the rest. */
const WHOLE = "whole";
/** Field that says where clients reach the node by its own address. */
const LOCATION = "location";

/**
 * Each node has a hash of its sessions by full JID, with a version that grows with each change; changes are announced
 * with their version, and whoever misses one reads the hash again.
 */
export class RedisSessionRegistry implements SessionRegistry {
  private readonly redis: RedisConnection;
  private readonly prefix: string;
  private readonly bus: WireBus;
  private readonly hosts: ReadonlyMap<string, SessionHost>;
  private readonly location: string | undefined;
  private readonly log: Logger;
  /** What is known of other members. */
  readonly elsewhere: Elsewhere;
  readonly estates: Estates;
  private readonly changedSessions = new Set<ClientSession>();
  private readonly gone = new Set<string>();
  /** Gone to other nodes, which tell of them. */
  private readonly left = new Set<string>();
  private readonly counts: HandledCounts;
  private readonly reads = new Set<Promise<void>>();
  private readonly clock: Clock;
  private readonly pace: EntryPace;
  private later: Timer | undefined;
  private scheduled = false;
  /** True where Redis does not have what it should: it is all written again at the next beat. */
  private behind = false;
  version = 1;

  constructor(
    redis: RedisConnection,
    options: {
      readonly prefix: string;
      readonly bus: WireBus;
      readonly hosts: ReadonlyMap<string, SessionHost>;
      /** host:port of this node. */
      readonly location: string | undefined;
      /** Where it is said which counts Redis may lack. */
      readonly documents: DocumentStore;
      readonly estates: Estates;
      readonly clock: Clock;
      readonly log: Logger;
    },
  ) {
    this.redis = redis;
    this.prefix = options.prefix;
    this.bus = options.bus;
    this.hosts = options.hosts;
    this.elsewhere = new Elsewhere(options.hosts, () => this.bus.member, options.log);
    const { clock, prefix } = options;
    this.clock = clock;
    this.pace = new EntryPace(clock);
    const doubts = new CountDoubts(options.documents, clock);
    this.counts = new HandledCounts({ redis, prefix, member: () => this.bus.member, doubts, clock });
    this.location = options.location;
    this.estates = options.estates;
    this.log = options.log;
    this.bus.onAnnouncement("sessions", (from, fields) => this.hear(from, fields));
    this.bus.onAnnouncement("reread", (from) => this.read(from));
  }

  bound(session: ClientSession): void {
    this.changed(session);
  }

  changed(session: ClientSession): void {
    if (session.remote) return;
    this.changedSessions.add(session);
    this.gone.delete(session.jid.full);
    this.left.delete(session.jid.full);
    this.schedule();
  }

  ended(session: ClientSession): void {
    this.changedSessions.delete(session);
    this.gone.add(session.jid.full);
    this.schedule();
  }

  moved(session: ClientSession): void {
    this.changedSessions.delete(session);
    this.left.add(session.jid.full);
    this.schedule();
  }

  handled(smId: string, h: number | undefined): Promise<void> {
    this.schedule();
    return this.counts.note(smId, h);
  }

  locations(): readonly string[] {
    return [...this.elsewhere.members.values()].flatMap(({ location }) => (location === undefined ? [] : [location]));
  }

  /** How much of a session was handled whose node died; undefined where that is unknown. */
  handledOf(smId: string): Promise<number | undefined> {
    return this.counts.of(smId);
  }

  flush(): void {
    this.scheduled = false;
    const written: string[] = [];
    const announced: string[] = [];
    for (const session of this.changedSessions) {
      if (!this.pace.allows(session.account.bare)) continue;
      this.changedSessions.delete(session);
      const text = JSON.stringify(entryOf(session));
      this.pace.told(session.account.bare, text.length);
      written.push(session.jid.full, text);
      announced.push(text);
    }
    if (this.changedSessions.size > 0) this.flushAgain();
    const gone = [...this.gone];
    for (const jid of gone) announced.push(JSON.stringify({ gone: jid }));
    const left = [...this.left];
    this.gone.clear();
    this.left.clear();
    this.write(this.counts.flush());
    const key = this.sessionsKey(this.bus.member);
    for (const chunk of chunksOf([...left, ...gone], 2 * CHUNK)) this.write(this.redis.hdel(key, ...chunk));
    if (announced.length === 0) return;
    const version = ++this.version;
    // Whoever reads the hash between two of these is told of it all once more by the announcement.
    const chunks = [...chunksOf(written, 2 * CHUNK)];
    const last = chunks.pop() ?? [];
    for (const chunk of chunks) this.write(this.redis.hset(key, ...(chunk as [string, string])));
    this.write(this.redis.hset(key, VERSION, String(version), ...last));
    this.bus.announce("sessions", [String(version), ...announced]);
  }

  /** What an account that changes large entries too often has changed is told later. */
  private flushAgain(): void {
    this.later ??= this.clock.setTimeout(() => {
      this.later = undefined;
      this.schedule();
    }, LATER);
  }

  /** Writes everything again: Redis lost it, or did not get it. */
  async rewrite(): Promise<void> {
    this.behind = true;
    const key = this.sessionsKey(this.bus.member);
    const sessions = [...this.hosts.values()].flatMap((host) => [...host.sessions.own()]);
    await this.redis.del(key);
    for (const chunk of chunksOf(sessions, CHUNK)) {
      // What ended meanwhile must not come back.
      const fields = chunk
        .filter((session) => this.hosts.get(session.jid.domain)?.sessions.find(session.jid) === session)
        .flatMap((session) => [session.jid.full, JSON.stringify(entryOf(session))]);
      if (fields.length > 0) await this.redis.hset(key, ...(fields as [string, string]));
    }
    const location = this.location === undefined ? [] : [LOCATION, this.location];
    await this.redis.hset(key, VERSION, String(++this.version), WHOLE, "1", ...location);
    await this.counts.flush();
    this.behind = false;
    this.bus.announce("reread", []);
  }

  /**
   * What this node told under a name that it has no more goes before it tells it anew: who read it behind that would take
   * its sessions for that one's, and lose them with it.
   */
  async renamed(was: string): Promise<void> {
    await this.redis.del(this.sessionsKey(was));
  }

  /** A beat went through: Redis answers. */
  async beaten(): Promise<void> {
    if (this.behind) await this.rewrite();
  }

  /** A member lives, and has told so much. */
  joined(member: string, version: number): void {
    const known = this.elsewhere.members.get(member);
    if (known === undefined) return this.read(member);
    // What is announced may be a moment behind the lease: only what was missing at the last look already is read.
    if (known.seen < known.told && known.reading === undefined) this.read(member);
    known.told = version;
  }

  /** Takes a dead member's sessions out; the one that buries it tells their contacts. */
  died(member: string, ours: boolean): void {
    const known = this.elsewhere.members.has(member);
    this.elsewhere.forget(member, ours);
    if (!ours) return;
    if (known) return this.clear(member);
    // They were forgotten when another node was to bury it, which died over it.
    const forgotten = this.elsewhere.of(member);
    inBackground(
      this.readNow(forgotten).then(() => {
        this.elsewhere.forget(member, true);
        this.clear(member);
      }),
      this.log,
    );
  }

  private clear(member: string): void {
    this.write(this.redis.del(this.sessionsKey(member)));
    this.write(this.counts.gone(member));
  }

  /** Resolves once every member known so far was read. */
  async idle(): Promise<void> {
    while (this.reads.size > 0) await Promise.all(this.reads);
  }

  /** Forgets all this node wrote. */
  async leave(): Promise<void> {
    await this.redis.del(this.sessionsKey(this.bus.member));
    await this.counts.gone(this.bus.member);
  }

  private hear(from: string, [versionText, ...changes]: readonly string[]): void {
    const known = this.elsewhere.of(from);
    const version = Number(versionText);
    if (known.reading !== undefined) return void known.reading.push({ version, changes });
    if (version !== known.seen + 1) return this.read(from);
    this.elsewhere.take(known, { version, changes });
  }

  private read(member: string): void {
    const known = this.elsewhere.of(member);
    if (known.reading !== undefined) return;
    known.reading = [];
    const reading = this.readNow(known)
      .catch((error: Error) => this.log.warn({ reason: error.message, member }, "sessions of a node could not be read"))
      .finally(() => {
        known.reading = undefined;
        this.reads.delete(reading);
      });
    this.reads.add(reading);
  }

  /** Reads a member's whole hash, then what came meanwhile. */
  private async readNow(known: Member): Promise<void> {
    const hash = await this.redis.hgetall(this.sessionsKey(known.name));
    if (this.elsewhere.members.get(known.name) !== known) return;
    const version = hash[WHOLE] === undefined ? 0 : Number(hash[VERSION] ?? 0);
    // A member that has written nothing yet, or not all of it again, says so once it has.
    if (version > 0) {
      for (const jid of [...known.sessions.keys()]) if (!Object.hasOwn(hash, jid)) this.elsewhere.remove(known, jid);
      known.location = hash[LOCATION];
      for (const [jid, text] of Object.entries(hash))
        if (jid !== VERSION && jid !== LOCATION && jid !== WHOLE) this.elsewhere.takeOne(known, text);
      known.seen = version;
    }
    for (const changes of known.reading ?? []) if (changes.version > known.seen) this.elsewhere.take(known, changes);
  }

  private write(writing: Promise<unknown>): void {
    writing.catch(() => {
      this.behind = true;
    });
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    flushLater(this);
  }

  private sessionsKey(member: string): string {
    return `${this.prefix}:sessions:{${member}}`;
  }
}
