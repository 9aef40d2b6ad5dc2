// Attempts under way for each sender: whoever writes to thousands of slow domains takes no others' places of name look-ups.
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { AttemptTurns, Turn } from "../way/context.ts";
import { SenderShares } from "../way/sender-shares.ts";

/**
 * Attempts that may be looking for their targets or connecting, were all of them those of one sender (`SenderShares` has his
 * part): each asks name servers two things at once and more, of which 1,100 may be under way.
 */
const WHOLE = 512;

/** Those of one account that wait. */
interface Waiting {
  readonly sender: Jid;
  readonly turns: Set<AttemptTurn>;
}

/** The attempts of a node. */
export class Attempts implements AttemptTurns {
  private readonly shares = new SenderShares();
  /** Those that wait, by account. */
  private readonly waiting = new Map<string, Waiting>();

  /** One more, for the account whose stanza waits for it; at once where that is nobody's, or has not its part yet. */
  turn(sender: Jid | undefined): AttemptTurn {
    const turn = new AttemptTurn(this);
    if (sender === undefined) turn.begin(undefined);
    else this.enter(turn, sender);
    return turn;
  }

  /** The turn begins for `sender` as soon as there is room. */
  enter(turn: AttemptTurn, sender: Jid): void {
    if (this.shares.allows(sender, 1, WHOLE)) return this.begin(turn, sender);
    const waiting = this.waiting.get(sender.bare);
    if (waiting === undefined) this.waiting.set(sender.bare, { sender, turns: new Set([turn]) });
    else waiting.turns.add(turn);
  }

  /** It was `sender`'s: the next may begin, of each account in turn. */
  ended(sender: Jid): void {
    this.shares.give(sender, 1);
    for (const [key, { sender, turns }] of this.waiting) {
      if (!this.shares.allows(sender, 1, WHOLE)) continue;
      const next = firstWaiting(turns);
      this.waiting.delete(key);
      if (next === undefined) continue;
      if (turns.size > 0) this.waiting.set(key, { sender, turns });
      return this.begin(next, sender);
    }
  }

  private begin(turn: AttemptTurn, sender: Jid): void {
    this.shares.take(sender, 1);
    turn.begin(sender);
  }
}

/** Takes out the first that has not begun for another sender. */
function firstWaiting(turns: Set<AttemptTurn>): AttemptTurn | undefined {
  for (const turn of turns) {
    turns.delete(turn);
    if (turn.state === "waiting") return turn;
  }
  return undefined;
}

/** One attempt's turn. */
export class AttemptTurn implements Turn {
  state: "waiting" | "begun" | "over" = "waiting";
  private readonly attempts: Attempts;
  private readonly told = Promise.withResolvers<void>();
  private payer: Jid | undefined;

  constructor(attempts: Attempts) {
    this.attempts = attempts;
  }

  /** Resolves once it has begun, or is over. */
  get settled(): Promise<void> {
    return this.told.promise;
  }

  /** Somebody else waits for the attempt as well: it is his as much, if it has not begun. */
  add(sender: Jid): void {
    if (this.state === "waiting") this.attempts.enter(this, sender);
  }

  /** It begins, for `payer`. */
  begin(payer: Jid | undefined): void {
    this.state = "begun";
    this.payer = payer;
    this.told.resolve();
  }

  /** The attempt needs no look-ups any more, or is given up. Safe to call twice. */
  end(): void {
    const { payer } = this;
    this.state = "over";
    this.payer = undefined;
    this.told.resolve();
    if (payer !== undefined) this.attempts.ended(payer);
  }
}
