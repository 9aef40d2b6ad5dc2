// What is done to an account as a whole: removed, shut, given another password, its streams ended, on every node.
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { VirtualHost } from "../host/virtual-host.ts";
import type { ClientSession } from "../ports/session.ts";

/** Work to be done for an account before it is removed; what it throws keeps the account. */
export type Farewell = (account: Jid) => Promise<void>;

/** Why streams end, as their clients are told. */
const REASONS = {
  removed: "the account is gone",
  disabled: "the account is disabled",
  password: "the password was changed",
  kicked: "ended by an administrator",
} as const;
type Reason = keyof typeof REASONS;

/** The accounts of one host, as those who govern them see it. */
export class AccountChanges {
  private readonly host: VirtualHost;
  private readonly farewells: Farewell[] = [];
  /** Ends streams of this node that belong to an account and have no session yet; set by whoever has the streams. */
  endUnbound: (account: Jid, text: string) => void = () => {};

  constructor(host: VirtualHost) {
    this.host = host;
    host.bus.onAnnouncement(this.kind, (_from, [local = "", text = ""]) => this.endHere(local, text));
    host.bus.onAnnouncement(this.departure, (_from, [local = ""]) => host.departed(host.jid.withLocal(local)));
  }

  /** Other nodes are to end what they hold of an account. */
  private get kind(): string {
    return `end streams ${this.host.domain}`;
  }

  /** An account is no more. */
  private get departure(): string {
    return `departed ${this.host.domain}`;
  }

  /** Adds work that is done before an account is removed. */
  beforeRemoval(farewell: Farewell): void {
    this.farewells.push(farewell);
  }

  /**
   * Takes leave of contacts, removes the account with all that is kept for it, tells observers and ends its streams;
   * the session of `asking` once its answer is out (XEP-0077 §3.2). False where there was no such account.
   * @throws StoreUnavailable
   */
  async remove(local: string, asking?: ClientSession): Promise<boolean> {
    const { host } = this;
    const account = host.jid.withLocal(local);
    if (await host.accounts.exists(host.domain, local)) for (const farewell of this.farewells) await farewell(account);
    const removed = await host.accounts.delete(host.domain, local);
    host.emit("account.deleted", { account });
    host.departed(account);
    host.bus.announce(this.departure, [local]);
    this.endStreams(local, "removed", asking);
    // The answer to the asking session is written behind this call.
    if (asking !== undefined) setImmediate(() => asking.end("not-authorized", REASONS.removed));
    return removed;
  }

  /**
   * Gives an account another password, and ends what the old one opened: every stream but that of `asking`, and every
   * token. False where there is no such account. @throws PasswordError, StoreUnavailable
   */
  async changePassword(local: string, password: string, asking?: ClientSession): Promise<boolean> {
    const { accounts, domain } = this.host;
    accounts.checkPolicy(local, password);
    if (!(await accounts.setPassword(domain, local, password))) return false;
    this.endStreams(local, "password", asking);
    return true;
  }

  /** Shuts an account, which ends its streams, or opens it again. False where there is none. @throws StoreUnavailable */
  async setDisabled(local: string, disabled: boolean): Promise<boolean> {
    if (!(await this.host.accounts.setDisabled(this.host.domain, local, disabled))) return false;
    if (disabled) this.endStreams(local, "disabled");
    return true;
  }

  /** Ends an account's sessions, or the one of a resource; how many those were. */
  kick(local: string, resource = ""): number {
    const sessions = this.host.sessions.of(local);
    if (resource === "") {
      this.endStreams(local, "kicked");
      return sessions.length;
    }
    const named = sessions.filter(({ jid }) => jid.resource === resource);
    for (const session of named) session.end("policy-violation", REASONS.kicked);
    return named.length;
  }

  /** Sessions by name, on whatever node; then whatever a node has that the others have not heard of yet. */
  private endStreams(local: string, reason: Reason, but?: ClientSession): void {
    const condition = reason === "kicked" ? "policy-violation" : "not-authorized";
    for (const session of this.host.sessions.of(local)) if (session !== but) session.end(condition, REASONS[reason]);
    this.endUnbound(this.host.jid.withLocal(local), REASONS[reason]);
    this.host.bus.announce(this.kind, [local, REASONS[reason]]);
  }

  private endHere(local: string, text: string): void {
    for (const session of this.host.sessions.of(local)) if (!session.remote) session.end("not-authorized", text);
    this.endUnbound(this.host.jid.withLocal(local), text);
  }
}
