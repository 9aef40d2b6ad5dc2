// Makes safe what a client is slow to acknowledge: stored beside the session that holds it. XEP-0198.
import type { Timer } from "../../clock.ts";
import type { VirtualHost } from "../../host/virtual-host.ts";
import { inBackground } from "../../router/background.ts";
import { arrivalOf } from "../../stanza/arrival.ts";
import { StoreUnavailable } from "../../storage/ports.ts";
import { isError, type Kept, type Unacked } from "./unacked.ts";

/** ms that a client has to acknowledge what somebody waits for, before it is stored. */
const STORE_AFTER = 500;

/** Stores what a session holds for its client while others wait for its safety. */
export class Holding {
  private readonly host: VirtualHost;
  private readonly unacked: Unacked;
  private timer: Timer | undefined;

  constructor(host: VirtualHost, unacked: Unacked) {
    this.host = host;
    this.unacked = unacked;
  }

  /** Somebody waits for the safety of what was just kept: the client has a moment, where it is there at all. */
  await(kept: Kept, connected: boolean): void {
    if (isError(kept)) return;
    if (!connected) inBackground(this.store(kept), this.host.log);
    else this.timer ??= this.host.clock.setTimeout(() => this.storeAll(), STORE_AFTER);
  }

  /** Stores everything that somebody waits for. */
  storeAll(): void {
    this.host.clock.clearTimeout(this.timer);
    this.timer = undefined;
    for (const kept of this.unacked.list())
      if (kept.safety !== undefined && kept.stored === undefined && !isError(kept))
        inBackground(this.store(kept), this.host.log);
  }

  /** The client has these, or they went elsewhere. */
  release(gone: readonly Kept[]): void {
    const stored: number[] = [];
    for (const kept of gone) {
      kept.gone = true;
      kept.safety?.release();
      kept.safety = undefined;
      if (kept.stored !== undefined && kept.stored > 0) stored.push(kept.stored);
    }
    if (stored.length > 0) inBackground(this.host.storage.held.remove(stored), this.host.log);
    if (this.unacked.length === 0) this.stop();
  }

  stop(): void {
    this.host.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async store(kept: Kept): Promise<void> {
    const { host } = this;
    const { stanza } = kept;
    kept.stored = 0;
    try {
      const id = await host.storage.held.add(host.bus.member, {
        domain: host.domain,
        local: stanza.to?.local ?? "",
        text: stanza.text(),
        at: arrivalOf(stanza) ?? host.clock.now(),
      });
      kept.stored = id;
      if (kept.gone) return await host.storage.held.remove([id]);
    } catch (error) {
      // Not stored is not safe: its sender goes on waiting while it is tried again.
      kept.stored = undefined;
      if (!kept.gone) this.await(kept, true);
      if (error instanceof StoreUnavailable) return;
      throw error;
    }
    kept.safety?.release();
    kept.safety = undefined;
  }
}
