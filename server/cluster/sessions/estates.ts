// What members that are gone left of accounts: until that has its new way, what comes for these accounts waits. RFC 6120 §10.1.
import type { Logger } from "pino";
import type { Clock, Timer } from "../../../xmpp/clock.ts";
import type { Jid } from "../../../xmpp/jid/jid.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { inBackground } from "../../delivery/background.ts";
import type { Estates } from "../../ports/cluster.ts";
import { Line, type LineNode, PATIENCE, type Work } from "./line.ts";

/** ms that accounts of a member wait at most whose connection broke and of which nobody knows whether it lives. */
const DOUBT = 3_000;

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
export class MemberEstates implements Estates, LineNode {
  readonly clock: Clock;
  readonly log: Logger;
  private readonly open = new Map<string, Estate>();
  /** What was told last of members. */
  private readonly told = new Map<string, ReadonlySet<string>>();
  /** By bare JID: what is done in turn behind its estate, for accounts for which anything waits. */
  private readonly lines = new Map<string, Line>();
  readonly room = { characters: 0 };

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
    for (const line of [...this.lines.values()]) line.letGo();
  }

  awaited({ bare }: Jid): Promise<void> | undefined {
    if (this.open.size === 0 && this.lines.size === 0) return undefined;
    return this.lineOf(bare)?.over;
  }

  behind({ bare }: Jid, work: Work): void {
    // Out of order is better than without bound.
    if (this.lineOf(bare)?.behind(work) !== true) inBackground(work(), this.log);
  }

  isAhead({ bare }: Jid, { kind, type, from }: Stanza): boolean {
    if (this.open.size === 0 && this.lines.size === 0) return false;
    const line = this.lines.get(bare);
    // Of one sender's stanzas none comes before those that he sent before it. RFC 6120 §10.1.
    if (kind !== "message") return line?.has(from?.full) === true;
    return type !== "error" && (line !== undefined || this.estateOf(bare) !== undefined);
  }

  anew({ bare }: Jid, stanza: Stanza, work: Work): boolean {
    return this.lineOf(bare)?.add(stanza, work) ?? false;
  }

  /** The account's line, which begins where there is an estate alone. */
  private lineOf(bare: string): Line | undefined {
    const known = this.lines.get(bare);
    if (known !== undefined || this.estateOf(bare) === undefined) return known;
    const line = new Line(
      this,
      () => this.estateOf(bare),
      () => this.lines.delete(bare),
    );
    this.lines.set(bare, line);
    return line;
  }

  private estateOf(bare: string): Promise<void> | undefined {
    for (const { accounts, changed } of this.open.values()) if (accounts.has(bare)) return changed.promise;
    return undefined;
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
