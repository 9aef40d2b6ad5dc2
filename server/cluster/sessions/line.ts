// What waits for one account, one behind the other, until what is older has its new way: bounded in length and time. RFC 6120 §10.1.
import type { Logger } from "pino";
import type { Clock, Timer } from "../../../xmpp/clock.ts";
import { sizeOf } from "../../../xmpp/management/sent.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { inBackground } from "../../delivery/background.ts";

/** ms for each thing in turn, which what is behind it waits for: out of order is better than not at all. */
export const PATIENCE = 5_000;
/** ms for all of a line, from its beginning: then what is left is done at once. The longest that one estate is waited for. */
const WHOLE = 8_000;

/** Things of a line; as many as a node has on its way to another one at most. */
const LENGTH = 20_000;
/** Stanzas that came anew, of those; and their characters. */
const ANEW = 1_000;
const ANEW_CHARACTERS = 1_048_576;
/** Characters of what came anew for all accounts together. */
const ALL_CHARACTERS = 67_108_864;

/** What is done in its turn. */
export type Work = () => void | Promise<void>;

interface Waiting {
  readonly work: Work;
  /** Of what came anew: who sent it, by full JID, and its characters. */
  readonly anew?: { readonly sender: string; readonly size: number };
}

/** What a line has of the node. */
export interface LineNode {
  readonly clock: Clock;
  readonly log: Logger;
  /** What came anew for all accounts and waits. */
  readonly room: { characters: number };
}

/** The line of one account; it begins to wait by itself, and is over once. */
export class Line {
  private readonly node: LineNode;
  private readonly estate: () => Promise<void> | undefined;
  private readonly waiting: Waiting[] = [];
  /** Stanzas that came anew and were not done with, by the full JIDs of their senders. */
  private readonly senders = new Map<string, number>();
  private anew = 0;
  private characters = 0;
  private readonly ended = Promise.withResolvers<void>();
  private readonly timer: Timer;
  private isOver = false;
  private readonly told: () => void;

  /** `estate` resolves once fewer things are waited for that are before all of the line; `told` is called once it is over. */
  constructor(node: LineNode, estate: () => Promise<void> | undefined, told: () => void) {
    this.node = node;
    this.estate = estate;
    this.told = told;
    this.timer = node.clock.setTimeout(() => this.letGo(), WHOLE);
    void this.run();
  }

  /** Resolves once nothing waits any more, or its time is over. */
  get over(): Promise<void> {
    return this.ended.promise;
  }

  /** True where a stanza of this sender waits. */
  has(sender: string | undefined): boolean {
    return this.senders.has(sender ?? "");
  }

  /** What was under way waits; false where too much does. */
  behind(work: Work): boolean {
    if (this.waiting.length >= LENGTH) return false;
    this.waiting.push({ work });
    return true;
  }

  /** What came anew waits; false where too much does. */
  add(stanza: Stanza, work: Work): boolean {
    const { room } = this.node;
    if (this.anew >= ANEW || this.characters >= ANEW_CHARACTERS || room.characters >= ALL_CHARACTERS) return false;
    const anew = { sender: stanza.from?.full ?? "", size: sizeOf(stanza) };
    this.count(anew, 1);
    this.waiting.push({ work, anew });
    return true;
  }

  /** Order is given up: what is left is done at once. */
  letGo(): void {
    if (this.isOver) return;
    this.end();
    for (const { work, anew } of this.waiting.splice(0)) {
      inBackground(started(work), this.node.log);
      if (anew !== undefined) this.count(anew, -1);
    }
  }

  private count({ sender, size }: NonNullable<Waiting["anew"]>, by: 1 | -1): void {
    this.anew += by;
    this.characters += by * size;
    this.node.room.characters += by * size;
    const waiting = (this.senders.get(sender) ?? 0) + by;
    if (waiting === 0) this.senders.delete(sender);
    else this.senders.set(sender, waiting);
  }

  private async run(): Promise<void> {
    // Whoever began it has not put anything in yet.
    await undefined;
    while (!this.isOver) {
      const estate = this.estate();
      if (estate !== undefined) await Promise.race([estate, this.over]);
      else {
        const first = this.waiting.shift();
        if (first === undefined) return this.end();
        await this.inTurn(first);
      }
    }
  }

  /** Whoever comes next waits for it, but not for ever. */
  private async inTurn({ work, anew }: Waiting): Promise<void> {
    const { clock, log } = this.node;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = clock.setTimeout(resolve, PATIENCE);
    inBackground(started(work).finally(resolve), log);
    await promise;
    clock.clearTimeout(timer);
    if (anew !== undefined) this.count(anew, -1);
  }

  private end(): void {
    this.isOver = true;
    this.node.clock.clearTimeout(this.timer);
    this.told();
    this.ended.resolve();
  }
}

/** What it throws rejects. */
async function started(work: Work): Promise<void> {
  await work();
}
