// What members that are gone left of accounts: until that has its new way, what comes for these accounts waits. RFC 6120 §10.1.
import type { Logger } from "pino";
import type { Clock, Timer } from "../../../xmpp/clock.ts";
import type { Jid } from "../../../xmpp/jid/jid.ts";
import { inBackground } from "../../delivery/background.ts";
import type { Estates } from "../../ports/cluster.ts";

/** ms that accounts of a member wait at most whose connection broke and of which nobody knows whether it lives. */
const DOUBT = 3_000;
/** ms that they wait for what it held, and for each thing behind that: out of order is better than not at all. */
const PATIENCE = 5_000;

/** Members of which it is remembered. */
const TOLD = 50;

/** Of one member. */
interface Estate {
  /** Bare JIDs of the accounts that had sessions there. */
  accounts: Set<string>;
  /** Resolves once they are fewer. */
  changed: PromiseWithResolvers<void>;
  /** True where the member is gone. */
  gone: boolean;
  timer: Timer | undefined;
}

/** The estates that one node knows of. */
export class MemberEstates implements Estates {
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly open = new Map<string, Estate>();
  /** What was told last of members. */
  private readonly told = new Map<string, ReadonlySet<string>>();
  /** By bare JID: the last of what is done in turn behind its estate. */
  private readonly lines = new Map<string, Promise<void>>();

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.clock = clock;
    this.log = log;
  }

  /** A member may be gone, which is being looked into. `accounts` are the bare JIDs of those that have sessions there. */
  doubted(member: string, accounts: Set<string>): void {
    if (accounts.size > 0 && !this.open.has(member)) this.wait(this.begin(member, accounts), member, DOUBT);
  }

  /** It lives, as far as anybody knows. */
  cleared(member: string): void {
    if (this.open.get(member)?.gone === false) this.settled(member);
  }

  /** It is gone, and somebody is to take over what it held. */
  left(member: string, accounts: Set<string>): void {
    const doubted = this.open.get(member);
    for (const account of accounts) doubted?.accounts.add(account);
    const estate = doubted ?? (accounts.size > 0 ? this.begin(member, accounts) : undefined);
    if (estate === undefined || estate.gone) return;
    estate.gone = true;
    this.wait(estate, member, PATIENCE);
    this.narrow(member, estate);
  }

  /** Of these accounts something that it held has no new way yet, and of no others. May be heard before its death is. */
  narrowed(member: string, accounts: readonly string[]): void {
    this.told.delete(member);
    this.told.set(member, new Set(accounts));
    if (this.told.size > TOLD) this.told.delete(this.told.keys().next().value as string);
    const estate = this.open.get(member);
    if (estate?.gone === true) this.narrow(member, estate);
  }

  private narrow(member: string, estate: Estate): void {
    const told = this.told.get(member);
    if (told === undefined) return;
    const { changed } = estate;
    estate.accounts = new Set([...estate.accounts].filter((account) => told.has(account)));
    if (estate.accounts.size === 0) return this.settled(member);
    estate.changed = Promise.withResolvers();
    changed.resolve();
  }

  /** What it held has its new way, or has had its time. */
  private settled(member: string): void {
    const estate = this.open.get(member);
    this.open.delete(member);
    this.clock.clearTimeout(estate?.timer);
    estate?.changed.resolve();
  }

  /** Nobody waits any more. */
  stop(): void {
    for (const member of [...this.open.keys()]) this.settled(member);
  }

  awaited({ bare }: Jid): Promise<void> | undefined {
    if (this.open.size === 0 && this.lines.size === 0) return undefined;
    return this.next(bare) === undefined ? undefined : this.free(bare);
  }

  behind({ bare }: Jid, work: () => void | Promise<void>): void {
    const before = this.lines.get(bare) ?? this.estateOf(bare);
    if (before === undefined) return inBackground(work(), this.log);
    const line = before
      .then(() => this.inTurn(bare, work))
      .finally(() => {
        if (this.lines.get(bare) === line) this.lines.delete(bare);
      });
    this.lines.set(bare, line);
  }

  /** Resolves once neither an estate nor a line has anything for the account: one may follow the other. */
  private async free(bare: string): Promise<void> {
    for (let next = this.next(bare); next !== undefined; next = this.next(bare)) await next;
  }

  private next(bare: string): Promise<void> | undefined {
    return this.estateOf(bare) ?? this.lines.get(bare);
  }

  private estateOf(bare: string): Promise<void> | undefined {
    for (const { accounts, changed } of this.open.values()) if (accounts.has(bare)) return changed.promise;
    return undefined;
  }

  /** Whoever comes next waits for it, but not for ever. */
  private async inTurn(bare: string, work: () => void | Promise<void>): Promise<void> {
    for (let estate = this.estateOf(bare); estate !== undefined; estate = this.estateOf(bare)) await estate;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.clock.setTimeout(resolve, PATIENCE);
    const done = async () => {
      await work();
    };
    inBackground(done().finally(resolve), this.log);
    await promise;
    this.clock.clearTimeout(timer);
  }

  private begin(member: string, accounts: Set<string>): Estate {
    const estate: Estate = { accounts, changed: Promise.withResolvers(), gone: false, timer: undefined };
    this.open.set(member, estate);
    return estate;
  }

  private wait(estate: Estate, member: string, ms: number): void {
    this.clock.clearTimeout(estate.timer);
    estate.timer = this.clock.setTimeout(() => this.settled(member), ms);
  }
}
