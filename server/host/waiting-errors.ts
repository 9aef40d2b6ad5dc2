// Errors for a session that cannot take them now: in order and bounded, given to it as fast as it takes them.

import type { Safety } from "../stanza/safety.ts";
import { sizeOf } from "../stanza/sent.ts";
import { NoteKey, type Stanza } from "../stanza/stanza.ts";

/** Errors that may wait for one session, and characters of them: far more than one domain gives back at once. */
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

/** True for what waits here: thousands may come at once, of a domain that nobody reaches. Of presence the last counts. */
export function isErrorAnswer({ kind, type }: Stanza): boolean {
  return type === "error" && kind !== "presence";
}

/** What becomes of an error that may be left out, beyond what may wait. */
export const LEFT_OUT = "dropped: RFC 6120 §8.3.1, more errors than may wait";

/** The errors that wait for one session; who waits for an error's safety waits on. */
export class WaitingErrors {
  private items: Stanza[] = [];
  private head = 0;
  private characters = 0;
  private going = false;

  /** True where some wait, so that what comes has to wait behind them. */
  get waits(): boolean {
    return this.items.length > this.head;
  }

  /** Takes one behind the others; false where there is no room. */
  add(error: Stanza): boolean {
    if (this.items.length - this.head >= LIMIT || this.characters >= SIZE_LIMIT) return false;
    error.safety?.hold();
    this.items.push(error);
    this.characters += sizeOf(error);
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
    this.characters -= sizeOf(error);
    if (this.head === this.items.length) {
      this.items = [];
      this.head = 0;
    }
    return error;
  }
}
