// Brings what a node held for its clients when it died to where undelivered stanzas go.
import type { Logger } from "pino";
import type { Timer } from "../../../xmpp/clock.ts";
import { inBackground } from "../../delivery/background.ts";
import { giveOn, type RedeliveryHost, readBack } from "../../delivery/redeliver.ts";
import type { HeldMessage, HeldStore } from "../../held/port.ts";
import { logFailure } from "../../observe/failure.ts";
import type { Section } from "../../ports/exclusive.ts";
import type { DeadLetterBox } from "../../ports/host.ts";

/** Messages read at a time, and in memory of accounts that are not slow. */
const BATCH = 200;
const PLACES = 400;
/** ms that an account's messages may take before the rest of them waits in the store, until these are safe. */
const SLOW = 5_000;
/** Messages of slow accounts in memory; beyond it nothing more is read. */
const MOST_SLOW = 2_000;

/** What of a host takes part. */
export interface TakeoverHost extends RedeliveryHost {
  readonly deadLetters: Pick<DeadLetterBox, "add">;
}

/** What is taken over. */
export interface TakeoverParts {
  readonly held: HeldStore;
  /** The member that is gone. */
  readonly member: string;
  readonly hosts: ReadonlyMap<string, TakeoverHost>;
  readonly log: Logger;
  /** Ids that are not. */
  readonly but?: ReadonlySet<number>;
  /** Told of the accounts (bare JIDs) of which something has no new way yet, once all was read: others have nothing there. */
  readonly left?: (accounts: readonly string[]) => void;
  /** Once its time is over no more of it is begun: another node may be at it. Absent where there are no others. */
  readonly section?: Section;
}

/**
 * Takes over what a member held; each account's oldest first. What is left stays stored.
 * @throws StoreUnavailable, ExclusiveUnavailable
 */
export async function adoptHeld(parts: TakeoverParts): Promise<void> {
  const takeover = new Takeover(parts);
  await takeover.run();
  const { count } = takeover;
  if (count > 0) parts.log.info({ member: parts.member, count }, "messages of a node that is gone were taken over");
}

/** One account's messages in memory. */
interface Account {
  readonly waiting: HeldMessage[];
  /** Those that are not safe yet, the waiting ones included. */
  open: number;
  /** True while one of them is being given on. */
  busy: boolean;
  slow: boolean;
  timer: Timer | undefined;
}

/**
 * What one member held. Each account's messages go one after the other, and no account waits for another's: where somebody
 * does not take his (and they are tried again for minutes) the rest of his waits in the store.
 */
class Takeover {
  count = 0;
  private readonly held: HeldStore;
  private readonly member: string;
  private readonly hosts: ReadonlyMap<string, TakeoverHost>;
  private readonly log: Logger;
  private readonly section: Section | undefined;
  private readonly tellLeft: ((accounts: readonly string[]) => void) | undefined;
  /** By name: those at work, and the slow ones until the next look. */
  private readonly accounts = new Map<string, Account>();
  /** Not to be tried again by this takeover. */
  private readonly kept: Set<number>;
  /** Open messages of accounts that are not slow, and that are. */
  private places = 0;
  private slow = 0;
  /** True where the store has more for slow accounts. */
  private left = false;
  private failure: { readonly error: unknown } | undefined;
  private changed: () => void = () => {};

  constructor({ held, member, hosts, log, section, left, but = new Set() }: TakeoverParts) {
    this.tellLeft = left;
    this.section = section;
    this.kept = new Set(but);
    this.held = held;
    this.member = member;
    this.hosts = hosts;
    this.log = log;
  }

  async run(): Promise<void> {
    try {
      do {
        await this.look();
        if (!this.over)
          this.tellLeft?.([...this.accounts].flatMap(([name, { open, slow }]) => (open > 0 || slow ? name : [])));
        await this.until(() => this.places === 0);
        // Those that are left are slow. What a settled one has in the store comes in order only from the start.
        if (this.left) await this.until(() => [...this.accounts.values()].some(({ open }) => open === 0));
        for (const [name, { open }] of this.accounts) if (open === 0) this.accounts.delete(name);
      } while (this.left && this.failure === undefined && !this.over);
    } finally {
      await this.until(() => this.places + this.slow === 0);
    }
    if (this.failure !== undefined) throw this.failure.error;
    this.section?.check();
  }

  /** True once another node may be at it. */
  private get over(): boolean {
    try {
      this.section?.check();
      return false;
    } catch {
      return true;
    }
  }

  private async look(): Promise<void> {
    this.left = false;
    for (let last = 0; ; ) {
      await this.until(() => this.places <= PLACES - BATCH && this.slow < MOST_SLOW);
      if (this.over) return;
      const batch = await this.held.read(this.member, last, BATCH);
      if (batch.length === 0 || this.over) return;
      for (const message of batch) this.take(message);
      last = batch.at(-1)?.id ?? last;
    }
  }

  private take(message: HeldMessage): void {
    if (this.kept.has(message.id)) return;
    const host = this.hosts.get(message.domain);
    // A host that is served here no more: what was held for it stays, for whoever serves it.
    if (host === undefined) return;
    const name = `${message.local}@${message.domain}`;
    let account = this.accounts.get(name);
    if (account?.slow === true) {
      this.left = true;
      return;
    }
    if (account === undefined) {
      const added: Account = { waiting: [], open: 0, busy: false, slow: false, timer: undefined };
      added.timer = host.clock.setTimeout(() => this.slowed(added), SLOW);
      this.accounts.set(name, added);
      account = added;
    }
    this.places++;
    account.open++;
    account.waiting.push(message);
    if (!account.busy) inBackground(this.work(name, account, host), this.log);
  }

  /** Gives an account's messages on, in order; that the earlier ones are safe is not waited for. */
  private async work(name: string, account: Account, host: TakeoverHost): Promise<void> {
    account.busy = true;
    for (let message = account.waiting.shift(); message !== undefined; message = account.waiting.shift()) {
      const { safe } = await begin(message, host, this.log);
      inBackground(
        this.finish(message, safe, () => this.settled(name, account, host)),
        this.log,
      );
      if (this.over) this.leaveRest(account);
    }
    account.busy = false;
  }

  private async finish(message: HeldMessage, safe: Promise<boolean>, settled: () => void): Promise<void> {
    try {
      this.count++;
      if (await safe) await this.held.remove([message]);
      else this.kept.add(message.id);
    } catch (error) {
      this.failure ??= { error };
    }
    settled();
  }

  private settled(name: string, account: Account, host: TakeoverHost): void {
    account.open--;
    if (account.slow) this.slow--;
    else {
      this.places--;
      if (account.open === 0) {
        host.clock.clearTimeout(account.timer);
        this.accounts.delete(name);
      }
    }
    this.changed();
  }

  /** It has had its time: what it has not begun waits for another look. */
  private slowed(account: Account): void {
    const { waiting } = account;
    account.slow = true;
    this.left ||= waiting.length > 0;
    this.places -= account.open;
    account.open -= waiting.length;
    this.slow += account.open;
    waiting.length = 0;
    this.changed();
  }

  /** What was not begun is another node's to take over. */
  private leaveRest(account: Account): void {
    const { length } = account.waiting.splice(0);
    account.open -= length;
    this.places -= length;
    this.changed();
  }

  private async until(holds: () => boolean): Promise<void> {
    while (!holds())
      await new Promise<void>((resolve) => {
        this.changed = resolve;
      });
  }
}

/** A message on its new way. */
interface Begun {
  /** Whether somebody answers for it, so that it may be forgotten here, once that is known. */
  readonly safe: Promise<boolean>;
}

const KEPT: Begun = { safe: Promise.resolve(false) };
const FORGOTTEN: Begun = { safe: Promise.resolve(true) };

/** Gives one message on. */
async function begin(message: HeldMessage, host: TakeoverHost, log: Logger): Promise<Begun> {
  try {
    const stanza = await readBack(host.deadLetters, message);
    if (stanza === undefined) return FORGOTTEN;
    const { fate } = await giveOn(host, stanza);
    return { safe: fate.then(() => true) };
  } catch (error) {
    logFailure(log, error, "a held message could not be delivered", { host: message.domain });
    return KEPT;
  }
}
