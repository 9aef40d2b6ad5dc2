// Messages for a client that has to acknowledge others first: in the store of held messages, in order. XEP-0198.

import type { Timer } from "../../../xmpp/clock.ts";
import { sizeOf } from "../../../xmpp/management/sent.ts";
import { arrivalOf } from "../../../xmpp/stanza/arrival.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { tryAgain } from "../../../xmpp/try-again.ts";
import { inBackground } from "../../delivery/background.ts";
import { readBack } from "../../delivery/redeliver.ts";
import { takersKey } from "../../delivery/takers.ts";
import type { HeldKey } from "../../held/port.ts";
import { HELD } from "../../held/store.ts";
import { logFailure } from "../../observe/failure.ts";
import type { SessionHost } from "../../ports/host.ts";
import type { Holding } from "./holding.ts";
import { type Kept, keptOf } from "./unacked.ts";

/** ms until a store that did not answer is asked again; doubled up to the longest where it is read. */
const AGAIN = 1_000;
const LONGEST_PAUSE = 10_000;

/**
 * Of what may be on its way to the store, the share from which on senders wait. What is on its way is in memory more than
 * once, as the store's client has it too; the rest is for senders who have begun already.
 */
const WAIT_FROM = 0.25;

/** One message. */
interface Item {
  /** The message itself, until the store has it. */
  kept: Kept | undefined;
  /** Names it in the store, once it is there. */
  key: HeldKey | undefined;
  /** Characters that it costs. */
  readonly size: number;
  readonly at: number;
  readonly takers: readonly string[] | undefined;
  taken: boolean;
}

/** What waits for one session beyond what it may have unacknowledged. Only what is on its way to the store is in memory. */
export class Surplus {
  private readonly host: SessionHost;
  private readonly holding: Holding;
  private readonly limits: { readonly stanzas: number; readonly characters: number };
  private items: Item[] = [];
  private characters = 0;
  private goingOn = false;
  private timer: Timer | undefined;
  /** Senders that wait. */
  private waiters: (() => void)[] = [];

  /** `limits`: messages in all, and characters of those that the store does not have yet. */
  constructor(host: SessionHost, holding: Holding, limits: { readonly stanzas: number; readonly characters: number }) {
    this.host = host;
    this.holding = holding;
    this.limits = limits;
  }

  /** True where something waits, so that what comes has to wait behind it. */
  get waits(): boolean {
    return this.items.length > 0 || this.goingOn;
  }

  /**
   * Where much is on its way to the store: resolves once that has taken it, or does not answer. Who sends is read no
   * further until then, as where the receiver is absent, so that what is in memory stays within its bound.
   */
  get storing(): Promise<void> | undefined {
    if (this.fewOnTheirWay) return undefined;
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  /** True while it goes on, or waits for the store: it looks for room by itself. */
  get refilling(): boolean {
    return this.goingOn;
  }

  /**
   * Gives what waits to `send`, in order, while there is room for the next one, of so many characters; resolves once there
   * is none, or nothing is left.
   */
  async refill(room: (size: number) => boolean, send: (kept: Kept) => void): Promise<void> {
    if (this.goingOn) return;
    this.goingOn = true;
    try {
      for (let next = this.items[0]; next !== undefined && room(next.size); next = this.items[0]) {
        const kept = await this.takeInsistently(room);
        if (kept !== undefined) send(kept);
      }
    } finally {
      this.goingOn = false;
    }
  }

  /**
   * As `take`; where the store does not answer it is asked again for as long as that is wanted: the sender has been told
   * that the message is safe, and nobody else knows of it while this node lives.
   */
  async takeInsistently(wanted: (size: number) => boolean = always): Promise<Kept | undefined> {
    let kept: Kept | undefined;
    const attempt = async () => {
      try {
        kept = await this.take(wanted);
        return true;
      } catch (error) {
        logFailure(this.host.log, error, "what waits for a session could not be read; it is tried again");
        return false;
      }
    };
    if (!(await attempt())) await tryAgain({ clock: this.host.clock, first: AGAIN, longest: LONGEST_PAUSE }, attempt);
    return kept;
  }

  /** Takes a message behind the others; false where there is no room. */
  add(stanza: Stanza): boolean {
    if (this.items.length >= this.limits.stanzas || this.characters > this.limits.characters) return false;
    const at = arrivalOf(stanza) ?? this.host.clock.now();
    const [size, takers] = [sizeOf(stanza), stanza.note(takersKey)];
    const item: Item = { kept: keptOf(stanza), key: undefined, size, at, takers, taken: false };
    this.items.push(item);
    this.characters += size;
    inBackground(this.store(item), this.host.log);
    return true;
  }

  /**
   * The first, which is the caller's then; undefined where there is none. It stays here where it is no more `wanted`, being
   * of so many characters, once it has been read: the session may be over by then, or another node's, and whoever sees to
   * what it left has to find it. @throws StoreUnavailable
   */
  async take(wanted: (size: number) => boolean = always): Promise<Kept | undefined> {
    for (let [item] = this.items; item !== undefined && wanted(item.size); [item] = this.items) {
      const kept = item.kept ?? (await this.readBack(item));
      if (item.taken || !wanted(item.size)) continue;
      item.taken = true;
      this.items.shift();
      if (item.kept !== undefined) this.less(item.size);
      if (kept !== undefined) return kept;
    }
    return undefined;
  }

  /** What the store has is another node's to deliver. */
  forgetStored(): void {
    for (const item of this.items) if (item.kept === undefined) item.taken = true;
    this.items = this.items.filter(({ taken }) => !taken);
  }

  private async store(item: Item): Promise<void> {
    const { kept } = item;
    if (kept === undefined || item.taken) return;
    let stored = false;
    try {
      stored = await this.holding.store(kept);
    } catch (error) {
      logFailure(this.host.log, error, "what waits for a session could not be stored; it is tried again");
    }
    if (stored && item.taken) return;
    if (stored) {
      item.key = kept.key;
      item.kept = undefined;
      return this.less(item.size);
    }
    this.wake();
    if (item.taken) this.holding.await(kept, true);
    else this.timer ??= this.host.clock.setTimeout(() => this.storeAll(), AGAIN);
  }

  private less(size: number): void {
    this.characters -= size;
    if (this.fewOnTheirWay) this.wake();
  }

  private get fewOnTheirWay(): boolean {
    return this.characters <= WAIT_FROM * this.limits.characters;
  }

  private wake(): void {
    for (const waiter of this.waiters.splice(0)) waiter();
  }

  private storeAll(): void {
    this.timer = undefined;
    for (const item of this.items) if (item.kept?.stored === false) inBackground(this.store(item), this.host.log);
  }

  /** Undefined where the store has it no more, or what it has is no stanza. */
  private async readBack({ key, at, takers }: Item): Promise<Kept | undefined> {
    const held = this.host.storage.of(HELD);
    const found = key === undefined ? undefined : await held.get(key);
    if (key === undefined || found === undefined) return undefined;
    const stanza = await readBack(this.host.deadLetters, { local: found.local, text: found.text, at });
    if (stanza === undefined) {
      await held.remove([key]);
      return undefined;
    }
    if (takers !== undefined) stanza.setNote(takersKey, takers);
    return { ...keptOf(stanza), key, stored: true };
  }
}

function always(): boolean {
  return true;
}
