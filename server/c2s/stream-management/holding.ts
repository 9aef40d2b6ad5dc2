// Makes safe what a client is slow to acknowledge: stored beside the session that holds it. XEP-0198.

import type { Timer } from "../../../xmpp/clock.ts";
import { arrivalOf } from "../../../xmpp/stanza/arrival.ts";
import type { Fate, PassedOn } from "../../../xmpp/stanza/safety.ts";
import { inBackground } from "../../delivery/background.ts";
import type { HeldKey } from "../../held/port.ts";
import { HELD } from "../../held/store.ts";
import type { SessionHost } from "../../ports/host.ts";
import { StoreUnavailable } from "../../ports/store.ts";
import { isError, type Kept, type Unacked } from "./unacked.ts";

/** ms that a client has to acknowledge what somebody waits for, before it is stored. */
const STORE_AFTER = 500;

/** Stores what a session holds for its client while others wait for its safety. */
export class Holding {
  private readonly host: SessionHost;
  private readonly unacked: Unacked;
  private timer: Timer | undefined;

  constructor(host: SessionHost, unacked: Unacked) {
    this.host = host;
    this.unacked = unacked;
  }

  /** Something was just kept: the client has a moment to acknowledge it, where it is there at all. */
  await(kept: Kept, connected: boolean): void {
    if (connected) this.timer ??= this.host.clock.setTimeout(() => this.keepAll(), STORE_AFTER);
    else this.keepLong(kept);
  }

  /** The client is slow, or gone: everything that somebody waits for is stored, and nothing keeps more than its own text. */
  keepAll(): void {
    this.host.clock.clearTimeout(this.timer);
    this.timer = undefined;
    for (const kept of this.unacked.list()) this.keepLong(kept);
  }

  /** The client has these, or they went elsewhere: `fate` is what became of them. */
  release(gone: readonly Kept[], fate: Fate | PassedOn): void {
    const keys: HeldKey[] = [];
    for (const kept of gone) {
      kept.gone = true;
      kept.safety?.release(fate);
      kept.safety = undefined;
      if (kept.key !== undefined) keys.push(kept.key);
    }
    if (keys.length > 0) inBackground(this.host.storage.of(HELD).remove(keys), this.host.log);
    if (this.unacked.length === 0) this.stop();
  }

  stop(): void {
    this.host.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private keepLong(kept: Kept): void {
    kept.stanza.detach();
    if (kept.safety !== undefined && !kept.stored && !isError(kept)) this.storeLater(kept);
  }

  /** What could not be stored is not safe: its sender goes on waiting while it is tried again. */
  private storeLater(kept: Kept): void {
    const stored = this.store(kept).then((done) => {
      if (!done && !kept.gone) this.await(kept, true);
    });
    inBackground(stored, this.host.log);
  }

  /** Stores one, and lets go of its safety then. False where the store does not answer; it may have it all the same. */
  async store(kept: Kept): Promise<boolean> {
    // What is removed must not be stored behind that.
    if (kept.gone) return true;
    const { host } = this;
    const { stanza } = kept;
    stanza.detach();
    kept.stored = true;
    kept.key ??= { member: host.bus.member, id: host.storage.of(HELD).ids.next() };
    try {
      await host.storage.of(HELD).add({
        ...kept.key,
        domain: host.domain,
        local: stanza.to?.local ?? "",
        text: stanza.text(),
        at: arrivalOf(stanza) ?? host.clock.now(),
      });
    } catch (error) {
      kept.stored = false;
      if (error instanceof StoreUnavailable) return false;
      throw error;
    }
    const { key } = kept;
    if (key.member !== host.bus.member && !kept.gone) {
      // The node was taken for dead meanwhile: under its old name it is anybody's.
      kept.key = undefined;
      inBackground(host.storage.of(HELD).remove([key]), host.log);
      return this.store(kept);
    }
    kept.safety?.release("stored");
    kept.safety = undefined;
    return true;
  }
}
