// What becomes of an account as a whole: made, given another password, shut, removed, its streams ended, on every node.
import type { Jid } from "../../xmpp/jid/jid.ts";
import { prepareLocalpart } from "../../xmpp/jid/precis.ts";
import type { StreamErrorCondition } from "../../xmpp/stream/error.ts";
import type { NodeBus } from "../ports/cluster.ts";
import type { ClientSession } from "../ports/session.ts";
import type { Accounts } from "./accounts.ts";

/** Work to be done for an account before it is removed; what it throws keeps the account. */
export type Farewell = (account: Jid) => Promise<void>;

/** What of a host takes part. */
export interface AccountHost {
  readonly domain: string;
  readonly jid: Jid;
  readonly accounts: Pick<
    Accounts,
    "checkPolicy" | "create" | "delete" | "ensure" | "exists" | "setDisabled" | "setPassword"
  >;
  readonly sessions: { of(local: string): readonly ClientSession[] };
  readonly bus: Pick<NodeBus, "announce" | "onAnnouncement">;
  /** True for an administrator of any host of this node. */
  governs(account: Jid): boolean;
  emit(event: "account.created" | "account.deleted", value: { readonly account: Jid }): void;
  /** Tells every host of this node that an account of this one is no more. */
  departed(account: Jid): void;
}

/** An account to be made. */
export interface NewAccount {
  readonly local: string;
  readonly password: string;
  /** Where nobody vouches for whoever asks (XEP-0077). */
  readonly stranger?: {
    /** Called before anything is asked of a store; what it throws refuses him. */
    admit(): Promise<void>;
  };
}

/** Why streams end: what their clients are told, and as which stream error. RFC 6120 §4.9.3. */
const REASONS = {
  removed: { text: "the account is gone", condition: "not-authorized" },
  disabled: { text: "the account is disabled", condition: "not-authorized" },
  password: { text: "the password was changed", condition: "not-authorized" },
  kicked: { text: "ended by an administrator", condition: "policy-violation" },
} as const satisfies Readonly<Record<string, { readonly text: string; readonly condition: StreamErrorCondition }>>;
type Reason = keyof typeof REASONS;

/** How streams of an account end. */
export interface StreamEnding {
  readonly condition: StreamErrorCondition;
  readonly text: string;
}

/**
 * The one owner of what becomes of a host's accounts, whoever asks: a client (XEP-0077), an administrator's command
 * (XEP-0133), an operator at the command line, an authentication provider. What is allowed, who is told, and which
 * streams and tokens end is decided here and nowhere else.
 */
export class AccountChanges {
  private readonly host: AccountHost;
  private readonly farewells = new Set<Farewell>();
  /** Ends streams of this node that belong to an account and have no session yet; set by whoever has the streams. */
  endUnbound: (account: Jid, end: StreamEnding) => void = () => {};

  constructor(host: AccountHost) {
    this.host = host;
    host.bus.onAnnouncement(this.kind, (_from, [local = "", text = "", condition]) => {
      this.endHere(local, { condition: condition === "policy-violation" ? condition : "not-authorized", text });
    });
    host.bus.onAnnouncement(this.arrival, (_from, [local = ""]) => this.createdHere(local));
    host.bus.onAnnouncement(this.departure, (_from, [local = ""]) => this.removedHere(local));
  }

  /** Other nodes are to end what they hold of an account. */
  private get kind(): string {
    return `end streams ${this.host.domain}`;
  }

  /** An account was made. */
  private get arrival(): string {
    return `created ${this.host.domain}`;
  }

  /** An account is no more. */
  private get departure(): string {
    return `departed ${this.host.domain}`;
  }

  /** How much work is done before an account is removed. */
  get farewellCount(): number {
    return this.farewells.size;
  }

  /** Adds work that is done before an account is removed; the answer takes it out again. */
  beforeRemoval(farewell: Farewell): () => void {
    this.farewells.add(farewell);
    return () => void this.farewells.delete(farewell);
  }

  /**
   * Makes an account. False where the name is taken: by another account, or, for a stranger, by an administrator, which
   * whoever had it would be (also where that account is not made yet, or is no more).
   * @throws JidError, PasswordError, StoreUnavailable
   */
  async create({ local, password, stranger }: NewAccount): Promise<boolean> {
    const { accounts, domain } = this.host;
    const name = prepareLocalpart(local);
    accounts.checkPolicy(name, password);
    await stranger?.admit();
    if (stranger !== undefined && this.host.governs(this.host.jid.withLocal(name))) return false;
    // Asked first: a name that is taken must not cost the derivation of three keys.
    if (await accounts.exists(domain, name)) return false;
    if (!(await accounts.create(domain, name, password))) return false;
    this.created(name);
    return true;
  }

  /**
   * Somebody else vouches for an account (a provider that accepted a password): it is made where there is none, without
   * keys, for rosters and archives hang on it. `local` is prepared. @throws StoreUnavailable
   */
  async vouched(local: string): Promise<void> {
    if (await this.host.accounts.ensure(this.host.domain, local)) this.created(local);
  }

  /**
   * Takes leave of contacts, removes the account with all that is kept for it (its tokens too), tells observers and ends
   * its streams; the session of `asking` once its answer is out (XEP-0077 §3.2). False where there was no such account.
   * @throws StoreUnavailable
   */
  async remove(local: string, asking?: ClientSession): Promise<boolean> {
    const { host } = this;
    const account = host.jid.withLocal(local);
    if (await host.accounts.exists(host.domain, local)) for (const farewell of this.farewells) await farewell(account);
    const removed = await host.accounts.delete(host.domain, local);
    this.removedHere(local);
    host.bus.announce(this.departure, [local]);
    this.endStreams(local, "removed", asking);
    // The answer to the asking session is written behind this call.
    const { condition, text } = REASONS.removed;
    if (asking !== undefined) setImmediate(() => asking.end(condition, text));
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
    const { condition, text } = REASONS.kicked;
    const named = sessions.filter(({ jid }) => jid.resource === resource);
    for (const session of named) session.end(condition, text);
    return named.length;
  }

  /** Sessions by name, on whatever node; then whatever a node has that the others have not heard of yet. */
  private endStreams(local: string, reason: Reason, but?: ClientSession): void {
    const { condition, text } = REASONS[reason];
    for (const session of this.host.sessions.of(local)) if (session !== but) session.end(condition, text);
    this.endUnbound(this.host.jid.withLocal(local), { condition, text });
    this.host.bus.announce(this.kind, [local, text, condition]);
  }

  /** Observers at every node are told: whoever keeps anything in memory must not serve the next owner of a name with it. */
  private created(local: string): void {
    this.createdHere(local);
    this.host.bus.announce(this.arrival, [local]);
  }

  private createdHere(local: string): void {
    this.host.emit("account.created", { account: this.host.jid.withLocal(local) });
  }

  private removedHere(local: string): void {
    const account = this.host.jid.withLocal(local);
    this.host.emit("account.deleted", { account });
    this.host.departed(account);
  }

  private endHere(local: string, end: StreamEnding): void {
    for (const session of this.host.sessions.of(local)) if (!session.remote) session.end(end.condition, end.text);
    this.endUnbound(this.host.jid.withLocal(local), end);
  }
}
