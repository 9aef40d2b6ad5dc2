// Many clients in pairs that write to each other at a steady rate, and what became of all they wrote.

import { until as must } from "../harness/until.ts";
import { type Endpoint, LoadClient } from "./client.ts";
import { Evidence } from "./evidence.ts";
import { historyOf } from "./invariants.ts";
import type { Site } from "./site.ts";
import { patiently, until } from "./wait.ts";

/** How a crowd behaves. */
export interface CrowdOptions {
  readonly clients: number;
  /** ms over which those cut off at once spread their first attempt. */
  readonly jitterMs?: number;
  /** The same of some, by their index: of the others `jitterMs`. */
  readonly jitterOf?: (index: number) => number | undefined;
  readonly pick?: (client: LoadClient) => Endpoint;
  /** First account taken. */
  readonly first?: number;
}

/** Log-ins under way at once. */
const AT_ONCE = 40;
const TICK_MS = 10;
const TEMPORARY = "temporary-auth-failure";
/** Messages of each fault whose history is told. */
const EXAMPLES = 2;
/** Clients that share one address of their own. */
const PER_ADDRESS = 4000;

/** Clients 2k and 2k+1 write to each other. */
export class Crowd {
  readonly book = new Evidence();
  readonly clients: LoadClient[];
  private timer: NodeJS.Timeout | undefined;
  private turn = 0;

  constructor(site: Site, options: CrowdOptions) {
    const { first = 0, jitterMs = 500, jitterOf } = options;
    this.clients = Array.from({ length: options.clients }, (_, index) => {
      return new LoadClient({
        domain: site.domainOf?.(first + index) ?? site.domain,
        local: site.localpart(first + index),
        password: site.password,
        resource: "chaos",
        mechanism: site.mechanism,
        book: this.book,
        pick: options.pick ?? (() => site.entranceOf?.(first + index) ?? site.entrance),
        from: `127.0.1.${1 + Math.floor(index / PER_ADDRESS)}`,
        jitterMs: jitterOf?.(index) ?? jitterMs,
      });
    });
  }

  /** Everybody logs in, some at a time. @throws Error where somebody cannot */
  async come(ms = 120_000): Promise<void> {
    let next = 0;
    const started: LoadClient[] = [];
    await must(
      "everybody online",
      () => {
        while (next < this.clients.length && started.filter(({ online }) => !online).length < AT_ONCE) {
          const client = this.clients[next++]!;
          started.push(client);
          client.come();
        }
        if (started.length > 4 * AT_ONCE) started.splice(0, started.length, ...started.filter(({ online }) => !online));
        return next === this.clients.length && started.every(({ online }) => online);
      },
      ms,
    );
    // The answer to a ping comes after what the presence before it brought about.
    for (let i = 0; i < this.clients.length; i += AT_ONCE)
      await patiently(Promise.all(this.clients.slice(i, i + AT_ONCE).map((client) => client.ping())), 10_000);
  }

  partner(client: LoadClient): LoadClient {
    return this.clients[this.clients.indexOf(client) ^ 1] ?? client;
  }

  /** Messages a second from now on, from whoever is online, in turn. */
  load(rate: number): void {
    let owed = 0;
    let last = performance.now();
    this.timer = setInterval(() => {
      const now = performance.now();
      owed = Math.min(rate, owed + ((now - last) * rate) / 1000);
      last = now;
      for (; owed >= 1; owed -= 1) this.sendOne();
    }, TICK_MS);
  }

  quiet(): void {
    clearInterval(this.timer);
  }

  /** Ms that each of these was away since `since`; Infinity for who is still away. */
  absences(since: number): number[] {
    return this.clients.flatMap(({ absences }) =>
      absences.filter(({ at }) => at >= since).map(({ at, backAt = Number.POSITIVE_INFINITY }) => backAt - at),
    );
  }

  /**
   * Ms from `since` until each of these that lost its stream then had all that had been sent to it when it was back; Infinity
   * for who is still away.
   */
  caughtUp(clients: readonly LoadClient[], since: number): number[] {
    return clients.flatMap(({ absences, name }) => {
      const absence = absences.find(({ at }) => at >= since);
      if (absence === undefined) return [];
      const { backAt = Number.POSITIVE_INFINITY } = absence;
      return [Math.max(backAt, this.book.hadBy(name, backAt) ?? 0) - since];
    });
  }

  /** Waits until everything sent is acknowledged and received, as far as it will be. */
  async settle(ms: number): Promise<boolean> {
    await until(() => this.clients.every(({ online }) => online), ms);
    for (const client of this.clients) client.ask();
    return await until(() => {
      const { unknown, lost } = this.book.verdict();
      return lost.length === 0 && (unknown === 0 || this.clients.every(({ waiting }) => waiting === 0));
    }, ms);
  }

  /** Whoever misses something ends the session and logs in afresh: what the offline store has comes now. */
  async collect(ms: number): Promise<void> {
    const short = () => {
      const names = new Set(this.book.open().map((id) => this.book.letter(id)?.to));
      return this.clients.filter(({ name }) => names.has(name));
    };
    const missing = short();
    await Promise.all(missing.map((client) => client.leave()));
    for (const client of missing) client.come();
    await until(() => missing.every(({ online }) => online), ms);
    // The answer to a ping comes after what was kept: the presence before it brought that.
    await Promise.all(missing.map((client) => patiently(client.ping(), 5_000)));
    if (short().length > 0) await until(() => this.book.verdict().lost.length === 0, Math.min(ms, 5_000));
  }

  /** Where the store still has what was lost, and why messages were returned. */
  async explain(site: Site): Promise<string[]> {
    const { book } = this;
    const verdict = book.verdict();
    const lost = new Set(verdict.lost);
    const notes = [...book.conditions].map(([condition, count]) => `returned with ${condition}: ${count}`);
    for (const ids of [verdict.lost, verdict.doubled, verdict.returnedAndReceived])
      for (const id of ids.slice(0, EXAMPLES))
        notes.push(`${id}:`, ...historyOf(id, book.transcript, book.acknowledgedAt(id)).map(indent));
    if (lost.size === 0) return notes;
    for (const [table, ids] of (await site.stored?.()) ?? [])
      notes.push(`of those lost, ${table} still has ${ids.filter((id) => lost.has(id)).length}`);
    return [...notes, ...site.nodes.map((node) => `${node.name}: ${node.log().slice(-1500)}`)];
  }

  /** SASL failures that call a right password wrong, or its owner banned. */
  get authFailures(): string[] {
    return this.clients.flatMap(({ authFailures }) => authFailures.filter((one) => one !== TEMPORARY));
  }

  /** SASL failures that ask to try again later. RFC 6120 §6.5.11 */
  get authPostponed(): number {
    return this.clients.flatMap(({ authFailures }) => authFailures.filter((one) => one === TEMPORARY)).length;
  }

  /** Stream errors and failed resumptions, counted by condition. */
  get errors(): string {
    const counts = new Map<string, number>();
    for (const { errors } of this.clients) for (const one of errors) counts.set(one, (counts.get(one) ?? 0) + 1);
    return [...counts].map(([condition, count]) => `${condition} ${count}`).join(", ");
  }

  stop(): void {
    this.quiet();
    for (const client of this.clients) client.stop();
  }

  private sendOne(): void {
    for (let tries = 0; tries < this.clients.length; tries += 1) {
      const index = this.turn++ % this.clients.length;
      const client = this.clients[index]!;
      if (!client.online) continue;
      client.message(this.clients[index ^ 1] ?? client);
      return;
    }
  }
}

function indent(line: string): string {
  return `    ${line}`;
}
