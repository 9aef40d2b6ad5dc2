// What comes back to a session that cannot take it now: in order and bounded, given to it as fast as it takes it.

import { sizeOf } from "../../xmpp/management/sent.ts";
import type { Safety } from "../../xmpp/stanza/safety.ts";
import { NoteKey, type Stanza } from "../../xmpp/stanza/stanza.ts";
import type { ClientSession, WaitingStanzas } from "../ports/session.ts";

/** Errors that may wait for one account's sessions here, and characters of them: far more than a domain gives back at once. */
const LIMIT = 10_000;
const SIZE_LIMIT = 6_291_456;

const givenBackKey = new NoteKey<true>("given back");

/** An error gives one of our own sender's stanzas back; `safety` is that stanza's, which waits for it to be taken. */
export function givesBack(error: Stanza, safety: Safety | undefined): void {
  error.safety = safety;
  error.setNote(givenBackKey, true);
}

/** True where it gives one of the session's own stanzas back. */
export function isGivenBack(error: Stanza): boolean {
  return error.note(givenBackKey) === true;
}

/** True where it is not to be left out: the stanza it answers would be acknowledged, and its sender hear nothing. */
export function mustBeTaken(error: Stanza): boolean {
  return error.safety !== undefined && isGivenBack(error);
}

/**
 * True for an error that is no presence, of which the last counts. What gives back waits here: thousands may come at
 * once, of a domain that nobody reaches. What others send is bounded like all that they send, and costs nobody his
 * session: it would take the place of what the session has to be told.
 */
export function isErrorAnswer({ kind, type }: Stanza): boolean {
  return type === "error" && kind !== "presence";
}

/** What becomes of an error that may be left out, beyond what may wait. */
export const LEFT_OUT = "dropped: RFC 6120 §8.3.1, more errors than may wait";

/** The errors that wait for one session; who waits for an error's safety waits on. */
export class WaitingErrors implements WaitingStanzas {
  private items: Stanza[] = [];
  private head = 0;
  private size = 0;
  private going = false;

  /** True where some wait, so that what comes has to wait behind them. */
  get waits(): boolean {
    return this.items.length > this.head;
  }

  get count(): number {
    return this.items.length - this.head;
  }

  get characters(): number {
    return this.size;
  }

  /** Takes one behind the others; false where there is no room, with what waits for the account's other sessions. */
  add(error: Stanza, sessions: readonly ClientSession[] = []): boolean {
    let count = 0;
    let characters = 0;
    const all = new Set<WaitingStanzas>([this, ...sessions.flatMap((one) => (one.remote ? [] : one.waitingErrors))]);
    for (const errors of all) {
      count += errors.count;
      characters += errors.characters;
    }
    if (count >= LIMIT || characters >= SIZE_LIMIT) return false;
    error.safety?.hold();
    error.detach();
    this.items.push(error);
    this.size += sizeOf(error);
    return true;
  }

  /** Gives what waits to `give`, in order, while there is `room`. What it gives may call this again. */
  goOn(room: () => boolean, give: (error: Stanza) => void): void {
    if (this.going) return;
    this.going = true;
    try {
      while (this.waits && room()) {
        const error = this.shift();
        give(error);
        error.safety?.release("passed on");
      }
    } finally {
      this.going = false;
    }
  }

  /** Takes all of them out, and gives them to `give`. */
  drain(give: (error: Stanza) => void): void {
    this.goOn(() => true, give);
  }

  private shift(): Stanza {
    const error = this.items[this.head++] as Stanza;
    this.size -= sizeOf(error);
    if (this.head === this.items.length) {
      this.items = [];
      this.head = 0;
    }
    return error;
  }
}
