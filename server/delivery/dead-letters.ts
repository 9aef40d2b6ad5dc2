// Messages that no client could take: after three deliveries that they ended they are an operator's, and nobody's else.

import { hash } from "node:crypto";
import type { Logger } from "pino";
import type { Clock } from "../../xmpp/clock.ts";
import { randomToken } from "../../xmpp/random.ts";
import type { StanzaErrorCondition } from "../../xmpp/stanza/error.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import { NS_DELAY } from "../../xmpp/xml/namespaces.ts";
import { whileChanging } from "../cluster/shared/compare-and-set.ts";
import { DOCUMENTS } from "../documents/store.ts";
import type { Stores } from "../ports/store.ts";

/** Deliveries that one message may end. */
const DELIVERIES = 3;
/** Messages of one account that are counted; the oldest are forgotten. */
const COUNTED = 50;
/** Dead letters kept for one domain; beyond it the oldest of the account that has most goes. */
const KEPT = 200;
/** And for one account, which may be sent such messages by anybody: beyond it its oldest goes. */
const SHARE = 20;

/** Kinds of documents: an account's counts, and the dead letters of a domain (under its empty local part). */
const COUNTS = "undelivered";
const LETTERS = "dead-letter";
/** Ids of an account's dead letters, oldest first; an operator may have removed some of them. */
const OWN = "dead-letters";

/** A message that no client could take. */
export interface DeadLetter {
  readonly id: string;
  /** Bare JID that it was for. */
  readonly account: string;
  /** Full JID of its sender; empty where it could not be read. */
  readonly from: string;
  /** When it was given up, ms since the epoch. */
  readonly at: number;
  readonly reason: string;
  /** The stanza as it was kept. */
  readonly text: string;
}

/** What of a host takes part. */
interface Parts {
  readonly domain: string;
  readonly storage: Pick<Stores, "of">;
  readonly clock: Clock;
  readonly log: Logger;
  refuse(stanza: Stanza, condition: StanzaErrorCondition, text: string): void | Promise<void>;
}

/** The dead letters of one host. Counts and letters are in its store, so that they hold across nodes and log-ins. */
export class DeadLetters {
  private readonly host: Parts;

  constructor(host: Parts) {
    this.host = host;
  }

  /**
   * A delivery to `local` ended while this was the first message its client had not acknowledged. True where it was
   * the third: the message is a dead letter then, its sender is told, and it goes nowhere. @throws StoreUnavailable
   */
  async ended(local: string, stanza: Stanza): Promise<boolean> {
    const print = printOf(stanza);
    const count = await this.count(local, print, (before) => before + 1);
    if (count < DELIVERIES) return false;
    await this.add(local, stanza.text(), "it ended three deliveries", stanza.from?.full);
    await this.count(local, print, () => 0);
    await this.host.refuse(stanza, "not-acceptable", "the client it was for could not take it");
    return true;
  }

  /** True where a delivery to the account was ended: what is kept for it is to come one by one. @throws StoreUnavailable */
  async suspects(local: string): Promise<boolean> {
    return (await this.counts(local)).size > 0;
  }

  /** Keeps a message that cannot be delivered, for an operator to read. @throws StoreUnavailable */
  async add(local: string, text: string, reason: string, from = ""): Promise<void> {
    const { domain, storage, clock, log } = this.host;
    const at = clock.now();
    const account = local === "" ? domain : `${local}@${domain}`;
    log.warn({ account, from, reason }, "a message is a dead letter");
    const id = `${at.toString(36)}-${randomToken(6)}`;
    const letter: DeadLetter = { id, account, from, at, reason, text };
    await storage.of(DOCUMENTS).put({ domain, local: "", kind: LETTERS, key: id, text: JSON.stringify(letter) });
    await this.change(local, OWN, async (text) => {
      const own = [...(text === undefined ? [] : (JSON.parse(text) as string[])), id];
      for (const old of own.splice(0, own.length - SHARE)) await this.remove(old);
      return { text: JSON.stringify(own), result: undefined };
    });
    await this.keepWithinBound();
  }

  /** All of them, oldest first. @throws StoreUnavailable */
  async list(): Promise<DeadLetter[]> {
    const all = await this.host.storage.of(DOCUMENTS).list(this.host.domain, "", LETTERS);
    return all.map(({ text }) => JSON.parse(text) as DeadLetter).sort(byAge);
  }

  /** True where there was one of that id. @throws StoreUnavailable */
  remove(id: string): Promise<boolean> {
    return this.host.storage.of(DOCUMENTS).remove(this.host.domain, "", LETTERS, id);
  }

  /**
   * Ten accounts fill a domain: it is read as a whole only then. Others may add and remove meanwhile: whoever looks last
   * finds all that is too many.
   */
  private async keepWithinBound(): Promise<void> {
    const { domain, storage } = this.host;
    if ((await storage.of(DOCUMENTS).count(domain, "", LETTERS)) <= KEPT) return;
    const all = await this.list();
    const accounts = [...Map.groupBy(all, ({ account }) => account).values()];
    for (let tooMany = all.length - KEPT; tooMany > 0; tooMany--) {
      const oldest = accounts.reduce((fullest, one) => (one.length > fullest.length ? one : fullest)).shift();
      if (oldest !== undefined) await this.remove(oldest.id);
    }
  }

  /** Replaces the count of one message; 0 is none. What it is then. */
  private count(local: string, print: string, next: (before: number) => number): Promise<number> {
    return this.change(local, COUNTS, async (text) => {
      const counts = countsOf(text);
      const result = next(counts.get(print) ?? 0);
      counts.delete(print);
      if (result > 0) counts.set(print, result);
      return { text: JSON.stringify([...counts].slice(-COUNTED)), result };
    });
  }

  /** Other nodes change the same: what rests on what is not there any more is made anew. */
  private async change<T>(
    local: string,
    kind: string,
    make: (before: string | undefined) => Promise<{ readonly text: string; readonly result: T }>,
  ): Promise<T> {
    const { domain, storage } = this.host;
    const documents = storage.of(DOCUMENTS);
    const { result } = await whileChanging(async () => {
      const before = await documents.get(domain, local, kind, "");
      const made = await make(before);
      return (await documents.replace({ domain, local, kind, key: "", text: made.text }, before)) ? made : undefined;
    });
    return result;
  }

  private async counts(local: string): Promise<Map<string, number>> {
    return countsOf(await this.host.storage.of(DOCUMENTS).get(this.host.domain, local, COUNTS, ""));
  }
}

/** By id where they came at once, so that all who sort them have one order. */
function byAge(a: DeadLetter, b: DeadLetter): number {
  return a.at - b.at || (a.id < b.id ? -1 : 1);
}

function countsOf(text: string | undefined): Map<string, number> {
  return new Map(text === undefined ? [] : (JSON.parse(text) as [string, number][]));
}

/** What a message is known by across its deliveries: a time may have been added to it. XEP-0203. */
function printOf({ from, id, type, tail, children }: Stanza): string {
  const delayed = children.at(-1)?.xmlns === NS_DELAY;
  const end = delayed ? tail.lastIndexOf("<delay") : tail.lastIndexOf("</");
  const content = tail === "/>" ? ">" : tail.slice(0, end);
  return hash("sha256", JSON.stringify([from?.full, id, type, content]), "base64");
}
