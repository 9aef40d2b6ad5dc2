// A message that was promised to somebody: a store that does not answer for a moment is no reason to give it up.
import { NoteKey, type Stanza } from "../../xmpp/stanza/stanza.ts";
import { tryAgain } from "../../xmpp/try-again.ts";
import type { ServedHost } from "../ports/host.ts";
import { inBackground } from "./background.ts";

/** Notes of a stanza whose keeper tries again: it is told instead of the sender. */
export const promisedKey = new NoteKey<Promised>("promised");

/** ms between two attempts, and after which the sender is told that it could not be kept after all. */
const PAUSES = { first: 250, longest: 5_000, within: 300_000 };

/** What of a host takes part. */
export interface PromiseHost extends Pick<ServedHost, "clock" | "log" | "refuse"> {
  /** Takes a message that somebody held and could not keep; never back to him. */
  redeliver(stanza: Stanza): void | Promise<void>;
}

/**
 * The attempts for one message to a bare JID. Where the store, or the node that holds the session, cannot take it now it
 * is tried again: its sender may have been told that it is safe, and be gone.
 */
export class Promised {
  private readonly host: PromiseHost;
  private readonly stanza: Stanza;
  private trying = false;
  private tried = 0;
  private wasRefused = false;

  constructor(host: PromiseHost, stanza: Stanza) {
    this.host = host;
    this.stanza = stanza;
    stanza.setNote(promisedKey, this);
  }

  /** The first attempt, and more where that fails. */
  deliver(): void | Promise<void> {
    this.trying = true;
    const done = this.host.redeliver(this.stanza);
    if (done === undefined && !this.wasRefused) {
      this.trying = false;
      return;
    }
    return this.insist(done);
  }

  /**
   * It could not be kept. Where it was taken for kept before (it was on its way to another node, or waited for a client)
   * it is tried anew from here on, and whoever waits for its safety goes on waiting: nobody else has it.
   */
  refused(): void {
    this.wasRefused = true;
    if (this.trying) return;
    const safety = this.stanza.safety?.hold();
    this.trying = true;
    inBackground(
      this.insist().then(() => safety?.release("passed on")),
      this.host.log,
    );
  }

  /** True where an earlier attempt was given up, which may have been stored all the same. */
  get again(): boolean {
    return this.tried > 0;
  }

  private async insist(done?: void | Promise<void>): Promise<void> {
    const { host, stanza } = this;
    try {
      await done;
      if (!this.wasRefused) return;
      const taken = await tryAgain({ clock: host.clock, ...PAUSES }, async () => {
        this.wasRefused = false;
        this.tried++;
        await host.redeliver(stanza);
        return !this.wasRefused;
      });
      if (!taken) await host.refuse(stanza, "service-unavailable", "it could not be kept");
    } finally {
      this.trying = false;
    }
  }
}
