// The sessions of one virtual host, of this node and of the cluster's others, by account and resource.
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { ClientSession, OwnSession, Sessions } from "../ports/session.ts";

const NONE: readonly ClientSession[] = [];

/** Sessions by account. Lists are in order of binding and never changed in place, so that callers may keep them. */
export class SessionList implements Sessions {
  private readonly byAccount = new Map<string, readonly ClientSession[]>();
  private total = 0;

  /** Number of sessions of this node. */
  get size(): number {
    return this.total;
  }

  /** Sessions of an account by localpart. */
  of(local: string): readonly ClientSession[] {
    return this.byAccount.get(local) ?? NONE;
  }

  /** The session of a full JID. */
  find(jid: Jid): ClientSession | undefined {
    const list = this.byAccount.get(jid.local);
    if (list === undefined) return undefined;
    for (const session of list) if (session.jid.resource === jid.resource) return session;
    return undefined;
  }

  /** Sessions that sent initial presence. */
  available(local: string): ClientSession[] {
    return this.of(local).filter((session) => session.presence !== undefined);
  }

  add(session: ClientSession): void {
    this.byAccount.set(session.jid.local, [...this.of(session.jid.local), session]);
    if (!session.remote) this.total++;
  }

  remove(session: ClientSession): void {
    const list = this.of(session.jid.local);
    const rest = list.filter((other) => other !== session);
    if (rest.length === list.length) return;
    if (rest.length === 0) this.byAccount.delete(session.jid.local);
    else this.byAccount.set(session.jid.local, rest);
    if (!session.remote) this.total--;
  }

  /** One session takes the place of another, at its place in the order. */
  replace(old: ClientSession, session: ClientSession): void {
    const list = this.of(old.jid.local);
    if (!list.includes(old)) return this.add(session);
    this.byAccount.set(
      old.jid.local,
      list.map((other) => (other === old ? session : other)),
    );
    this.total += Number(!session.remote) - Number(!old.remote);
  }

  /** Every session that this node holds. */
  *own(): Iterable<OwnSession> {
    for (const session of this.all()) if (!session.remote) yield session;
  }

  /** Every session of every node. */
  *all(): Iterable<ClientSession> {
    for (const list of this.byAccount.values()) yield* list;
  }
}
