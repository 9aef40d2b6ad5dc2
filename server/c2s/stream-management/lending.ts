// What a session asleep holds goes to another one of its account, and is not repeated when it wakes. XEP-0198 §5, §6.

import { arrivalOf } from "../../../xmpp/stanza/arrival.ts";
import { withDelay } from "../../../xmpp/stanza/delay.ts";
import { Safety } from "../../../xmpp/stanza/safety.ts";
import { inBackground } from "../../delivery/background.ts";
import { HAD, redeliverSafely } from "../../delivery/redeliver.ts";
import { isForAnyDevice } from "../../delivery/whose.ts";
import { isOver, NOT_WORTH_KEEPING } from "../../delivery/worth-keeping.ts";
import { tellFailure } from "../../observe/failure.ts";
import type { ClientSession } from "../../ports/session.ts";
import type { CarriedSession } from "./carried.ts";
import type { Holding } from "./holding.ts";
import { alsoGiven, formerTaker, wasCopied } from "./others.ts";
import type { Surplus } from "./surplus.ts";
import { isStored, type Kept, type Unacked } from "./unacked.ts";

/** What lending is made of. */
export interface LendingParts {
  readonly session: CarriedSession;
  readonly unacked: Unacked;
  readonly surplus: Surplus;
  readonly holding: Holding;
}

/** The messages of one session that waits to be resumed. */
export class Lending {
  private readonly session: CarriedSession;
  private readonly unacked: Unacked;
  private readonly surplus: Surplus;
  private readonly holding: Holding;
  /** Whether a message is given up, while that is found out. */
  private trial: { readonly of: Kept; readonly ended: Promise<boolean> } | undefined;

  constructor({ session, unacked, surplus, holding }: LendingParts) {
    this.session = session;
    this.unacked = unacked;
    this.surplus = surplus;
    this.holding = holding;
  }

  /**
   * Gives all of it to `taker`, in order, as fast as that one takes it; resolves once it was given. Where the first may
   * be why this one sleeps, each waits for the one before it, so that none is taken for another.
   */
  async lend(taker: ClientSession): Promise<void> {
    const first = this.firstOpen();
    const careful = first?.written === true;
    for (const kept of this.unacked.list()) {
      if (!this.mayGive(kept)) continue;
      if (careful && kept === first && (await this.blamed(kept))) continue;
      if (!this.mayGive(kept)) continue;
      this.give(kept, taker);
      if (careful && !(await (taker.remote ? taker.caughtUp() : taker.acknowledged()))) return;
      if (taker.congested && !(await taker.caughtUp())) return;
    }
    while (this.surplus.waits) {
      const kept = await this.surplus.take(() => this.asleep);
      if (kept === undefined) return;
      if (isForAnyDevice(kept.stanza) && this.elsewhere(kept)) this.holding.release([kept], HAD);
      else if (isForAnyDevice(kept.stanza)) this.give(kept, taker);
      else this.giveUp(kept);
      if (taker.congested && !(await taker.caughtUp())) return;
    }
  }

  /**
   * The session ended, or went to sleep and another one takes its place: the first message that its client has not
   * acknowledged may be why, if it was written at all. True where it did so too often, and goes nowhere now.
   */
  blamed(kept: Kept): Promise<boolean> {
    // The session may end, or be resumed, while that is being found out: it goes nowhere before.
    if (this.trial?.of === kept) return this.trial.ended;
    const ended = this.endedOften(kept).finally(() => {
      if (this.trial?.of === kept) this.trial = undefined;
    });
    this.trial = { of: kept, ended };
    return ended;
  }

  /** Resolves once it is known whether a message is given up. */
  async settled(): Promise<void> {
    const { trial } = this;
    if (trial !== undefined) await this.judged(trial.of);
  }

  private async endedOften(kept: Kept): Promise<boolean> {
    const { host, account } = this.session;
    if (!kept.written || kept.blamed || kept.lent) return false;
    kept.blamed = true;
    try {
      if (!(await host.deadLetters.ended(account.local, kept.stanza))) return false;
    } catch (error) {
      kept.blamed = false;
      throw error;
    }
    kept.lent = true;
    this.holding.release([kept], "stored");
    return true;
  }

  /** As `blamed`, for whoever goes on either way: that it could not be counted is told. Never rejects. */
  async judged(kept: Kept): Promise<void> {
    try {
      await this.blamed(kept);
    } catch (error) {
      tellFailure(this.session.host.log, { error, text: "a delivery that ended was not counted", level: "warn" });
    }
  }

  /** What is no message for any device is repeated no more: its client ends each stream on it. Who asked is told. */
  leaveOut(kept: Kept): void {
    const { host, jid } = this.session;
    host.log.warn({ jid: jid.full, kind: kept.stanza.kind }, "a stanza on which streams end is left out");
    kept.lent = true;
    this.giveUp(kept);
  }

  /**
   * This node was taken for dead, so that what the store has of it is taken over: a session asleep gives that up, or its
   * client would have it twice when it is back. Answers the ids of what the client has been sent, and is not given up.
   */
  giveUpStored(): number[] {
    this.surplus.forgetStored();
    const stored = this.unacked.list().filter(isStored);
    if (!this.session.waiting) return stored.flatMap(({ key }) => key?.id ?? []);
    for (const kept of stored) {
      kept.lent = true;
      kept.key = undefined;
    }
    return [];
  }

  /** The first message that is not given to others yet. */
  firstOpen(): Kept | undefined {
    return this.unacked.list().find(({ stanza, lent }) => !lent && isForAnyDevice(stanza));
  }

  /** True where the session waits for its client: it is neither over nor another node's. */
  private get asleep(): boolean {
    const { host, jid, waiting } = this.session;
    return waiting && host.sessions.find(jid) === this.session;
  }

  private mayGive(kept: Kept): boolean {
    // While another message was given the session may have ended, and with it the wait for its client.
    if (!this.asleep || kept.lent || kept.gone || !isForAnyDevice(kept.stanza)) return false;
    return !this.elsewhere(kept);
  }

  /** True where the account has it already, or another session asleep gives it. */
  private elsewhere({ stanza }: Kept): boolean {
    const { host, jid } = this.session;
    const others = alsoGiven(host, this.session, stanza);
    if (others.some(({ waiting }) => !waiting) || wasCopied(host, this.session, stanza)) return true;
    const first = others[0];
    return first !== undefined && first.jid.full < jid.full;
  }

  private give(kept: Kept, taker: ClientSession): void {
    const { host } = this.session;
    const { stanza } = kept;
    kept.lent = true;
    if (isOver(stanza)) return this.holding.release([kept], NOT_WORTH_KEEPING);
    const copy = withDelay(stanza, host.domain, arrivalOf(stanza) ?? host.clock.now());
    const safety = new Safety(({ fate }) => this.holding.release([kept], fate));
    copy.safety = safety;
    taker.write(copy);
    if (taker.remote || taker.keeps) return safety.release("passed on");
    const taken = taker.caughtUp().then((there) => {
      if (there) safety.release("written");
      else this.takeBack(kept);
    });
    inBackground(taken, host.log);
  }

  /** The other session went away before it had read it. */
  private takeBack(kept: Kept): void {
    kept.lent = false;
    if (!this.unacked.list().includes(kept)) this.giveUp(kept);
  }

  private giveUp(kept: Kept): void {
    const { host } = this.session;
    const gone = redeliverSafely(host, kept.stanza, formerTaker(this.session));
    inBackground(
      gone.then((fate) => this.holding.release([kept], fate)),
      host.log,
    );
  }
}
