// The sessions of other members in this node's memory, as stand-ins among the hosts' own.
import type { Logger } from "pino";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { presence } from "../../../xmpp/stanza/presence.ts";
import type { SessionHost } from "../../ports/host.ts";
import type { ClientSession } from "../../ports/session.ts";
import { RemoteSession } from "./remote-session.ts";
import { entryOf, type SessionEntry } from "./session-entry.ts";

/** Changes that a member announced, with the version they lead to. */
export interface Changes {
  readonly version: number;
  readonly changes: readonly string[];
}

/** What is known of another member. */
export interface Member {
  readonly name: string;
  /** Version up to which its changes were taken. */
  seen: number;
  /** Version its lease told at the last look. */
  told: number;
  location: string | undefined;
  /** Its sessions by full JID; of one that another member bound later, hidden behind that one's. */
  readonly sessions: Map<string, RemoteSession>;
  /** Changes that came while its hash is being read. */
  reading: Changes[] | undefined;
}

/** Sessions elsewhere. */
export class Elsewhere {
  readonly members = new Map<string, Member>();
  private readonly hosts: ReadonlyMap<string, SessionHost>;
  private readonly self: () => string;
  private readonly log: Logger;
  /** Stand-ins for sessions that were given to members which have not told of them. */
  private readonly given = new WeakSet<RemoteSession>();

  /** @param self this node's name as a member */
  constructor(hosts: ReadonlyMap<string, SessionHost>, self: () => string, log: Logger) {
    this.hosts = hosts;
    this.self = self;
    this.log = log;
  }

  /** A member, known from now on. */
  of(name: string): Member {
    let known = this.members.get(name);
    if (known === undefined) {
      known = { name, seen: 0, told: 0, location: undefined, sessions: new Map(), reading: undefined };
      this.members.set(name, known);
    }
    return known;
  }

  /** Bare JIDs of the accounts that have sessions at a member, those asleep and those hidden behind later ones included. */
  accountsOf(name: string): Set<string> {
    return new Set(
      this.members
        .get(name)
        ?.sessions.values()
        .map(({ account }) => account.bare),
    );
  }

  /** Takes what a member says of its sessions. */
  take(known: Member, { version, changes }: Changes): void {
    for (const text of changes) this.takeOne(known, text);
    known.seen = version;
  }

  /** One entry that cannot be read hides no other. */
  takeOne(known: Member, text: string): void {
    this.contained(known.name, () => {
      const change = JSON.parse(text) as SessionEntry | { readonly gone: string };
      if ("gone" in change) this.remove(known, change.gone);
      else this.put(known, change);
    });
  }

  private contained(member: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.log.error({ err: error, member }, "a session of a node could not be followed");
    }
  }

  /** A session of a member as it is now. */
  put(known: Member, entry: SessionEntry): void {
    const jid = Jid.parse(entry.jid);
    const host = this.hosts.get(jid.domain);
    if (host === undefined) return;
    const there = host.sessions.find(jid);
    if (there instanceof RemoteSession && there.member === known.name) {
      there.update(entry);
      this.given.delete(there);
      return tellReceptive(there);
    }
    if (there === undefined) return this.show(known, new RemoteSession(host, known.name, entry), undefined);
    if (there instanceof RemoteSession) return this.besides(known, there, entry);
    // Bound twice at the same time: the later one stays. RFC 6120 §7.7.2.2.
    if (there.since > entry.since || (there.since === entry.since && this.self() > known.name)) return;
    this.show(known, new RemoteSession(host, known.name, entry), there);
    there.end("conflict", "the resource was bound at another node");
  }

  /** A member has a session no more. */
  remove(known: Member, jid: string): void {
    const session = known.sessions.get(jid);
    known.sessions.delete(jid);
    if (session === undefined) return;
    const { sessions } = session.host;
    const shown = sessions.find(session.jid) === session;
    sessions.remove(session);
    if (shown) this.uncover(session);
  }

  /** Forgets a member; with `ours` the hosts are told of the end of each of its sessions. */
  forget(name: string, ours: boolean): void {
    const known = this.members.get(name);
    this.members.delete(name);
    for (const session of known?.sessions.values() ?? []) this.contained(name, () => this.bury(session, ours));
  }

  private bury(session: RemoteSession, ours: boolean): void {
    const { host } = session;
    const shown = host.sessions.find(session.jid) === session;
    host.sessions.remove(session);
    if (!shown || this.uncover(session) || !ours) return;
    const last = session.available ? presence(session.jid, session.account, "unavailable") : undefined;
    host.emit("session.ended", { session, last });
  }

  /** The stand-in for a session of ours that moves to a member, before that one has told of it. */
  standIn(session: ClientSession, member: string, host: SessionHost): RemoteSession {
    const standIn = new RemoteSession(host, member, entryOf(session));
    this.of(member).sessions.set(session.jid.full, standIn);
    this.given.add(standIn);
    return standIn;
  }

  /** True where its member told of the session itself, beyond being given it. */
  tells(session: RemoteSession): boolean {
    return !this.given.has(session);
  }

  /** Two other members have a session of the same JID: it moved, or was bound twice. */
  private besides(known: Member, there: RemoteSession, entry: SessionEntry): void {
    const session = new RemoteSession(there.host, known.name, entry);
    const moved = there.since === entry.since;
    if (!moved && there.since > entry.since) return void known.sessions.set(entry.jid, session);
    session.follow(there);
    if (moved) this.members.get(there.member)?.sessions.delete(entry.jid);
    this.show(known, session, there);
  }

  private show(known: Member, session: RemoteSession, before: ClientSession | undefined): void {
    known.sessions.set(session.jid.full, session);
    if (before === undefined) session.host.sessions.add(session);
    else session.host.sessions.replace(before, session);
    tellReceptive(session);
  }

  /** True where another member has a session of that JID, which is seen again. */
  private uncover(gone: RemoteSession): boolean {
    for (const { sessions } of this.members.values()) {
      const other = sessions.get(gone.jid.full);
      if (other === undefined || other === gone) continue;
      gone.host.sessions.add(other);
      return true;
    }
    return false;
  }
}

function tellReceptive(session: RemoteSession): void {
  if (session.available && session.priority >= 0) session.host.emit("session.receptive elsewhere", { session });
}
