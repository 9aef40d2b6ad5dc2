// What must hold of a transcript whatever is done to the servers: nothing lost, doubled or out of order, and counts that count.
import { type Entry, formatEntry } from "./transcript.ts";

/** What is known of one message. Times are ms of `performance.now()`. */
export interface Letter {
  readonly from: string;
  readonly to: string;
  /** Its place among those of its pair. */
  readonly sequence: number;
  readonly sentAt: number;
  acknowledgedAt: number | undefined;
  receivedAt: number | undefined;
  /** When each further copy came. */
  readonly again: number[];
  returnedAt: number | undefined;
}

/** What a transcript says in the end. Faults are lists of ids, or of sentences. */
export interface Verdict {
  readonly sent: number;
  readonly acknowledged: number;
  readonly received: number;
  /** Returned to their senders with an error. */
  readonly returned: number;
  /** Neither acknowledged, received nor returned: nobody promised anything. */
  readonly unknown: number;
  /** Acknowledged to their senders, and neither received, stored nor returned. */
  readonly lost: readonly string[];
  /** Received more than once. */
  readonly doubled: readonly string[];
  /** Came after a later one of the same pair. */
  readonly disordered: readonly string[];
  /** Returned to their senders, who may write anew, and delivered all the same. */
  readonly returnedAndReceived: readonly string[];
  /** Reached somebody whom nobody wrote that. */
  readonly astray: readonly string[];
  /** The server counted more than was sent to it. */
  readonly aboveSent: readonly string[];
  /** The server counted less than it had before, in the same session. */
  readonly wentBack: readonly string[];
}

/** One client's session with stream management: what it sent, and how far the server said that it has it. */
interface Session {
  readonly sent: (string | undefined)[];
  handled: number;
}

/** Judges as entries come; each is looked at once. */
export class Invariants {
  readonly letters = new Map<string, Letter>();
  private readonly sessions = new Map<string, Session>();
  private readonly sentInPair = new Map<string, number>();
  private readonly lastInPair = new Map<string, number>();
  private readonly disordered: string[] = [];
  private readonly astray: string[] = [];
  private readonly aboveSent: string[] = [];
  private readonly wentBack: string[] = [];

  take(entry: Entry): void {
    switch (entry.what) {
      case "session":
        this.sessions.set(entry.who, { sent: [], handled: 0 });
        return;
      case "sent":
        this.sessions.get(entry.who)?.sent.push(entry.id);
        if (entry.id !== undefined) this.sent(entry.id, entry.who, entry.to ?? "", entry.at);
        return;
      case "a":
      case "resumed":
        return this.counted(entry, entry.h);
      case "failed":
        if (entry.h !== undefined) this.counted(entry, entry.h);
        this.sessions.delete(entry.who);
        return;
      case "received":
        return this.received(entry.id, entry.who, entry.at);
      case "returned": {
        const letter = this.letters.get(entry.id);
        if (letter?.from === entry.who) letter.returnedAt ??= entry.at;
        else this.astray.push(entry.id);
      }
    }
  }

  /** The verdict so far; `stored` has the ids that a store still keeps for their receivers. */
  verdict(stored: ReadonlySet<string> = new Set()): Verdict {
    const all = [...this.letters];
    const ids = (holds: (letter: Letter, id: string) => boolean) =>
      all.filter(([id, one]) => holds(one, id)).map(([id]) => id);
    const isOpen = (one: Letter) => one.receivedAt === undefined && one.returnedAt === undefined;
    return {
      sent: all.length,
      acknowledged: ids((one) => one.acknowledgedAt !== undefined).length,
      received: ids((one) => one.receivedAt !== undefined).length,
      returned: ids((one) => one.returnedAt !== undefined).length,
      unknown: ids((one) => isOpen(one) && one.acknowledgedAt === undefined).length,
      lost: ids((one, id) => isOpen(one) && one.acknowledgedAt !== undefined && !stored.has(id)),
      doubled: ids((one) => one.again.length > 0),
      disordered: this.disordered,
      returnedAndReceived: ids((one) => one.returnedAt !== undefined && one.receivedAt !== undefined),
      astray: this.astray,
      aboveSent: this.aboveSent,
      wentBack: this.wentBack,
    };
  }

  private sent(id: string, from: string, to: string, sentAt: number): void {
    const pair = `${from} ${to}`;
    const sequence = this.sentInPair.get(pair) ?? 0;
    this.sentInPair.set(pair, sequence + 1);
    const none = undefined;
    const times = { sentAt, acknowledgedAt: none, receivedAt: none, again: [], returnedAt: none };
    this.letters.set(id, { from, to, sequence, ...times });
  }

  /** Every count that the server tells covers the session's first `h` stanzas, and no count takes one back. */
  private counted({ who, what, at }: Entry, h: number): void {
    const session = this.sessions.get(who);
    const { sent, handled } = session ?? { sent: [], handled: 0 };
    const told = `${who}: <${what} h='${h}'/>`;
    // NaN, too, is no count.
    if (!(h <= sent.length)) this.aboveSent.push(`${told} after ${sent.length} stanzas`);
    if (h < handled) this.wentBack.push(`${told} after h='${handled}'`);
    if (session === undefined) return;
    for (const id of sent.slice(handled, h)) {
      const letter = id === undefined ? undefined : this.letters.get(id);
      if (letter !== undefined) letter.acknowledgedAt = at;
    }
    if (h > handled) session.handled = Math.min(h, sent.length);
  }

  private received(id: string, who: string, at: number): void {
    const letter = this.letters.get(id);
    if (letter?.to !== who) {
      this.astray.push(id);
      return;
    }
    if (letter.receivedAt !== undefined) {
      letter.again.push(at);
      return;
    }
    letter.receivedAt = at;
    const pair = `${letter.from} ${who}`;
    if ((this.lastInPair.get(pair) ?? -1) > letter.sequence) this.disordered.push(id);
    else this.lastInPair.set(pair, letter.sequence);
  }
}

/** Judges a whole transcript. */
export function judge(transcript: Iterable<Entry>, stored?: ReadonlySet<string>): Verdict {
  const invariants = new Invariants();
  for (const entry of transcript) invariants.take(entry);
  return invariants.verdict(stored);
}

/**
 * What happened to one message, and what the server told its sender since it was written, a line each; with the count
 * that covered it, told at `acknowledgedAt`.
 */
export function historyOf(id: string, transcript: readonly Entry[], acknowledgedAt?: number): string[] {
  const concerned = (entry: Entry) => "id" in entry && entry.id === id;
  const own = transcript.filter(concerned);
  const sent = own.find(({ what }) => what === "sent");
  if (sent === undefined) return own.map((entry) => formatEntry(entry, transcript[0]?.at ?? 0));
  const last = Math.max(...own.map(({ at }) => at));
  const told = transcript.filter(
    ({ who, what, at }) => who === sent.who && ["a", "resumed", "failed", "session"].includes(what) && at >= sent.at,
  );
  const about = [...own, ...told.slice(0, MOST_TOLD), ...told.filter(({ at }) => at > last).slice(0, MOST_TOLD)];
  const covering = told.filter(({ at }) => at === acknowledgedAt);
  const unique = [...new Set([...about, ...covering])].toSorted((a, b) => a.at - b.at);
  return unique.map((entry) => formatEntry(entry, transcript[0]?.at ?? 0));
}

/** Entries told beside a message's own. */
const MOST_TOLD = 3;
