// The registry of sessions: each node's own in Redis, everybody's in memory. Written when something changes, never else.
import type { Logger } from "pino";
import { memberOfId } from "../c2s/stream-management/resumable.ts";
import type { ClientSession } from "../host/session.ts";
import type { VirtualHost } from "../host/virtual-host.ts";
import { Jid } from "../jid/jid.ts";
import { presence } from "../stanza/presence.ts";
import { flushLater } from "../stream/gather.ts";
import type { WireBus } from "./node-bus.ts";
import type { SessionRegistry } from "./ports.ts";
import type { RedisConnection } from "./redis.ts";
import { RemoteSession } from "./remote-session.ts";
import { entryOf, type SessionEntry } from "./session-entry.ts";

/** Fields of one HSET while everything is written again. */
const CHUNK = 500;
/** Field of a node's hash that holds the version of the rest. */
const VERSION = "version";
/** Field written last: without it the hash is what was changed since Redis lost the rest. */
const WHOLE = "whole";
/** Field that says where clients reach the node by its own address. */
const LOCATION = "location";

/** What is known of another member. */
interface Member {
  /** Version up to which its changes were taken. */
  seen: number;
  readonly sessions: Map<string, RemoteSession>;
  location: string | undefined;
  /** Version its lease told at the last look. */
  told: number;
  /** Changes that came while its hash is being read. */
  reading: { readonly version: number; readonly changes: readonly string[] }[] | undefined;
}

/**
 * Each node has a hash of its sessions by full JID, with a version that grows with each change; changes are announced
 * with their version, and whoever misses one reads the hash again.
 */
export class RedisSessionRegistry implements SessionRegistry {
  private readonly redis: RedisConnection;
  private readonly prefix: string;
  private readonly bus: WireBus;
  private readonly hosts: ReadonlyMap<string, VirtualHost>;
  private readonly location: string | undefined;
  private readonly log: Logger;
  private readonly members = new Map<string, Member>();
  private readonly changedSessions = new Set<ClientSession>();
  private readonly gone = new Set<string>();
  /** Gone to other nodes, which tell of them. */
  private readonly left = new Set<string>();
  private readonly counts = new Map<string, number | undefined>();
  private readonly reads = new Set<Promise<void>>();
  private scheduled = false;
  /** True where Redis does not have what it should: it is all written again at the next beat. */
  private behind = false;
  version = 1;

  constructor(
    redis: RedisConnection,
    options: {
      readonly prefix: string;
      readonly bus: WireBus;
      readonly hosts: ReadonlyMap<string, VirtualHost>;
      /** host:port of this node. */
      readonly location: string | undefined;
      readonly log: Logger;
    },
  ) {
    this.redis = redis;
    this.prefix = options.prefix;
    this.bus = options.bus;
    this.hosts = options.hosts;
    this.location = options.location;
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

  handled(smId: string, h: number | undefined): void {
    this.counts.set(smId, h);
    this.schedule();
  }

  locations(): readonly string[] {
    return [...this.members.values()].flatMap(({ location }) => (location === undefined ? [] : [location]));
  }

  /** How much of a session was handled whose node died; undefined where that is unknown. */
  async handledOf(smId: string): Promise<number | undefined> {
    const member = memberOfId(smId) ?? "";
    const text = await this.redis.hget(this.countsKey(member), smId).catch(() => null);
    return text === null ? undefined : Number(text);
  }

  flush(): void {
    this.scheduled = false;
    const written: string[] = [];
    const announced: string[] = [];
    for (const session of this.changedSessions) {
      const text = JSON.stringify(entryOf(session));
      written.push(session.jid.full, text);
      announced.push(text);
    }
    const gone = [...this.gone];
    for (const jid of gone) announced.push(JSON.stringify({ gone: jid }));
    const left = [...this.left];
    this.changedSessions.clear();
    this.gone.clear();
    this.left.clear();
    this.writeCounts();
    if (left.length > 0) this.write(this.redis.hdel(this.sessionsKey(this.bus.member), ...left));
    if (announced.length === 0) return;
    const version = ++this.version;
    const key = this.sessionsKey(this.bus.member);
    if (gone.length > 0) this.write(this.redis.hdel(key, ...gone));
    this.write(this.redis.hset(key, VERSION, String(version), ...written));
    this.bus.announce("sessions", [String(version), ...announced]);
  }

  /** Writes everything again: Redis lost it, or did not get it. */
  async rewrite(): Promise<void> {
    this.behind = false;
    const key = this.sessionsKey(this.bus.member);
    const sessions = [...this.hosts.values()].flatMap((host) => [...host.sessions.own()]);
    await this.redis.del(key);
    for (let i = 0; i < sessions.length; i += CHUNK) {
      const fields = sessions
        .slice(i, i + CHUNK)
        .flatMap((session) => [session.jid.full, JSON.stringify(entryOf(session))]);
      await this.redis.hset(key, ...(fields as [string, string]));
    }
    const location = this.location === undefined ? [] : [LOCATION, this.location];
    await this.redis.hset(key, VERSION, String(++this.version), WHOLE, "1", ...location);
    this.bus.announce("reread", []);
  }

  /** A beat went through: Redis answers. */
  async beaten(): Promise<void> {
    if (this.behind) await this.rewrite();
  }

  /** A member lives, and has told so much. */
  joined(member: string, version: number): void {
    const known = this.members.get(member);
    if (known === undefined) return this.read(member);
    // What is announced may be a moment behind the lease: only what was missing at the last look already is read.
    if (known.seen < known.told && known.reading === undefined) this.read(member);
    known.told = version;
  }

  /** Takes a dead member's sessions out; the one that buries it tells their contacts. */
  died(member: string, ours: boolean): void {
    const known = this.members.get(member);
    this.members.delete(member);
    for (const session of known?.sessions.values() ?? []) this.takeOut(session, ours);
    if (!ours) return;
    this.write(this.redis.del(this.sessionsKey(member)));
    // Clients may still ask how much of theirs was handled.
    this.write(this.redis.expire(this.countsKey(member), 3600));
  }

  /** Resolves once every member known so far was read. */
  async idle(): Promise<void> {
    while (this.reads.size > 0) await Promise.all(this.reads);
  }

  /** Forgets all this node wrote. */
  async leave(): Promise<void> {
    await this.redis.del(this.sessionsKey(this.bus.member));
    await this.redis.expire(this.countsKey(this.bus.member), 3600);
  }

  /** The stand-in for a session that moves to another member, before that one has told of it. */
  standIn(session: ClientSession, member: string, host: VirtualHost): RemoteSession {
    const standIn = new RemoteSession(host, member, entryOf(session));
    this.of(member).sessions.set(session.jid.full, standIn);
    return standIn;
  }

  private of(member: string): Member {
    let known = this.members.get(member);
    if (known === undefined) {
      known = { seen: 0, told: 0, sessions: new Map(), location: undefined, reading: undefined };
      this.members.set(member, known);
    }
    return known;
  }

  private hear(from: string, [versionText, ...changes]: readonly string[]): void {
    const known = this.of(from);
    const version = Number(versionText);
    if (known.reading !== undefined) return void known.reading.push({ version, changes });
    if (version !== known.seen + 1) return this.read(from);
    this.take(from, known, version, changes);
  }

  private take(from: string, known: Member, version: number, changes: readonly string[]): void {
    known.seen = version;
    for (const text of changes) {
      const change = JSON.parse(text) as SessionEntry | { readonly gone: string };
      if ("gone" in change) this.remove(known, change.gone);
      else this.put(from, known, change);
    }
  }

  private read(member: string): void {
    const known = this.of(member);
    if (known.reading !== undefined) return;
    known.reading = [];
    const reading = this.readNow(member, known).finally(() => this.reads.delete(reading));
    this.reads.add(reading);
  }

  /** Reads a member's whole hash, then what came meanwhile. */
  private async readNow(member: string, known: Member): Promise<void> {
    try {
      const hash = await this.redis.hgetall(this.sessionsKey(member));
      if (this.members.get(member) !== known) return;
      const version = hash[WHOLE] === undefined ? 0 : Number(hash[VERSION] ?? 0);
      // A member that has written nothing yet, or not all of it again, says so once it has.
      if (version > 0) {
        known.seen = version;
        for (const jid of [...known.sessions.keys()]) if (!Object.hasOwn(hash, jid)) this.remove(known, jid);
        known.location = hash[LOCATION];
        for (const [jid, text] of Object.entries(hash))
          if (jid !== VERSION && jid !== LOCATION && jid !== WHOLE) this.put(member, known, JSON.parse(text));
      }
    } catch (error) {
      this.log.warn({ err: error, member }, "sessions of a node could not be read");
    }
    const meanwhile = known.reading ?? [];
    known.reading = undefined;
    for (const { version, changes } of meanwhile) if (version > known.seen) this.take(member, known, version, changes);
  }

  private put(member: string, known: Member, entry: SessionEntry): void {
    const jid = Jid.parse(entry.jid);
    const host = this.hosts.get(jid.domain);
    if (host === undefined) return;
    const there = host.sessions.find(jid);
    if (there instanceof RemoteSession && there.member === member) {
      there.update(entry);
      return tellReceptive(there);
    }
    const session = new RemoteSession(host, member, entry);
    if (there instanceof RemoteSession) session.follow(there);
    known.sessions.set(entry.jid, session);
    if (there === undefined) {
      host.sessions.add(session);
      return tellReceptive(session);
    }
    // Bound twice at the same time: the later one stays. RFC 6120 §7.7.2.2.
    if (!there.remote && (there.since > entry.since || (there.since === entry.since && this.bus.member > member))) {
      known.sessions.delete(entry.jid);
      return;
    }
    host.sessions.replace(there, session);
    if (!there.remote) there.end("conflict", "the resource was bound at another node");
    tellReceptive(session);
  }

  private remove(known: Member, jid: string): void {
    const session = known.sessions.get(jid);
    known.sessions.delete(jid);
    session?.host.sessions.remove(session);
  }

  private takeOut(session: RemoteSession, ours: boolean): void {
    const { host } = session;
    const present = host.sessions.find(session.jid) === session;
    host.sessions.remove(session);
    if (!ours || !present) return;
    const last = session.presence === undefined ? undefined : presence(session.jid, session.account, "unavailable");
    host.emit("session.ended", { session, last });
  }

  private writeCounts(): void {
    if (this.counts.size === 0) return;
    // Where a session began its count stays, wherever it moves: whoever looks for it knows no other place.
    const byMember = new Map<string, { over: string[]; counted: string[] }>();
    for (const [id, h] of this.counts) {
      const member = memberOfId(id) ?? this.bus.member;
      const lists = byMember.get(member) ?? { over: [], counted: [] };
      byMember.set(member, lists);
      if (h === undefined) lists.over.push(id);
      else lists.counted.push(id, String(h));
    }
    this.counts.clear();
    for (const [member, { over, counted }] of byMember) {
      const key = this.countsKey(member);
      if (counted.length > 0) this.write(this.redis.hset(key, ...(counted as [string, string])));
      if (over.length > 0) this.write(this.redis.hdel(key, ...over));
    }
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

  private countsKey(member: string): string {
    return `${this.prefix}:handled:{${member}}`;
  }
}

function tellReceptive(session: RemoteSession): void {
  if (session.available && session.priority >= 0) session.host.emit("session.receptive elsewhere", { session });
}
