// Offline messages in SQL. XEP-0160.
import type { OfflineMessage, OfflineStore } from "../../../ports/store.ts";
import type { StorageBounds } from "../../backend/backend.ts";
import { checkAccount, checkText, TEXT_BYTES } from "../../backend/text.ts";
import { compiled } from "../compiled.ts";
import { changes, rows, type SqlEngine, type Work } from "../engine.ts";
import { bind, once, param, statement } from "../queries.ts";
import type { AccountKey } from "./accounts.ts";
import { Gatherer } from "./gatherer.ts";
import { offlineAdder } from "./offline-adder.ts";
import type { Builder } from "./upsert.ts";

/** A message on its way into the store. */
export interface NewMessage {
  readonly domain: string;
  readonly local: string;
  readonly text: string;
  /** ms since the epoch. */
  readonly at: number;
  /** Messages the account may keep. */
  readonly limit: number;
}

/**
 * Offline messages in SQL. A row for each account (`offline_queues`) counts them: its lock puts concurrent adds of any
 * number of nodes in order, so that the limit is exact and no id appears below one that a reader has already seen.
 */
export class SqlOffline implements OfflineStore {
  readonly #engine: SqlEngine;
  readonly #builder: Builder;
  readonly #sql: ReturnType<typeof statements>;
  readonly #adds: Gatherer<NewMessage, boolean>;
  readonly #addMany: (messages: readonly NewMessage[]) => Work<boolean[]>;

  constructor(engine: SqlEngine, builder: Builder, bounds: StorageBounds) {
    this.#engine = engine;
    this.#builder = builder;
    this.#sql = compiled("offline", builder, statements);
    this.#addMany = offlineAdder(builder);
    this.#adds = new Gatherer({
      ...bounds,
      commit: (messages, since) => engine.write(() => this.#addMany(messages), { idempotent: false, since }),
      weigh: ({ text }) => text.length,
    });
  }

  async add(domain: string, local: string, text: string, at: number, limit: number): Promise<boolean> {
    checkAccount(domain, local);
    checkText(text, "message", TEXT_BYTES);
    if (limit < 1) return false;
    const message = { domain, local, text, at, limit };
    if (this.#engine.dialect !== "sqlite") return this.#adds.add(message);
    return this.#engine.write(() => this.#addOne(message), { idempotent: false });
  }

  async addAgain(domain: string, local: string, text: string, at: number, limit: number): Promise<boolean> {
    checkAccount(domain, local);
    checkText(text, "message", TEXT_BYTES);
    return this.#engine.write(() => this.#addUnlessThere({ domain, local, text, at, limit }), { idempotent: true });
  }

  async read(domain: string, local: string, after: number, limit: number): Promise<OfflineMessage[]> {
    checkAccount(domain, local);
    if (limit < 1) return [];
    return this.#engine.read(bind(this.#sql.read, { domain, local, after, limit }));
  }

  async removeThrough(domain: string, local: string, id: number): Promise<void> {
    checkAccount(domain, local);
    await this.#engine.write(() => this.#removeThrough({ domain, local, id }), { idempotent: true });
  }

  async count(domain: string, local: string): Promise<number> {
    checkAccount(domain, local);
    const [row] = await this.#engine.read(bind(this.#sql.queue, { domain, local }));
    return row?.kept ?? 0;
  }

  async having(domain: string, locals: readonly string[]): Promise<string[]> {
    for (const local of locals) checkAccount(domain, local);
    if (locals.length === 0) return [];
    const query = this.#builder.db
      .selectFrom("offline_queues")
      .where("domain", "=", domain)
      .where("local_part", "in", locals)
      .where("kept", ">", 0)
      .select("local_part");
    return (await this.#engine.read(once(query))).map(({ local_part }) => local_part);
  }

  async total(): Promise<number> {
    const [row] = await this.#engine.read(bind(this.#sql.total, {}), { mayLag: true });
    return Number(row?.total ?? 0);
  }

  /** Resolves once every message taken so far is stored or refused. */
  idle(): Promise<void> {
    return this.#adds.idle();
  }

  /** SQLite has one writer and costs no round trip, so that it needs no lock and gains nothing by longer statements. */
  *#addOne(message: NewMessage): Work<boolean> {
    const { domain, local, text, at, limit } = message;
    const [queue] = yield* rows(bind(this.#sql.queue, { domain, local }));
    if (queue !== undefined && queue.kept >= limit) return false;
    const id = (queue?.last_id ?? 0) + 1;
    if (queue === undefined) yield bind(this.#sql.newQueue, { domain, local });
    else yield bind(this.#sql.count, { domain, local, id, added: 1 });
    yield bind(this.#sql.insert, { domain, local, id, at, text });
    return true;
  }

  /** Behind the account's lock: an add that was given up has committed by then, or never will. */
  *#addUnlessThere(message: NewMessage): Work<boolean> {
    const { domain, local, text } = message;
    yield bind(this.#sql.lock, { domain, local });
    const [there] = yield* rows(bind(this.#sql.same, { domain, local, text }));
    if (there !== undefined) return true;
    if (message.limit < 1) return false;
    if (this.#engine.dialect === "sqlite") return yield* this.#addOne(message);
    const [added] = yield* this.#addMany([message]);
    return added === true;
  }

  *#removeThrough(key: AccountKey & { id: number }): Work<void> {
    const { domain, local } = key;
    const [queue] = yield* rows(bind(this.#sql.lock, { domain, local }));
    if (queue === undefined) return;
    const removed = yield* changes(bind(this.#sql.remove, key));
    if (removed > 0) yield bind(this.#sql.count, { domain, local, id: queue.last_id, added: -removed });
  }
}

function statements({ dialect, db }: Builder) {
  const domain = param<string>("domain");
  const local = param<string>("local");
  const id = param<number>("id");
  const queue = db
    .selectFrom("offline_queues")
    .where("domain", "=", domain)
    .where("local_part", "=", local)
    .select(["last_id", "kept"]);
  return {
    read: statement<AccountKey & { after: number; limit: number }, OfflineMessage>(
      "offline.read",
      db
        .selectFrom("offline_messages")
        .where("domain", "=", domain)
        .where("local_part", "=", local)
        .where("id", ">", param<number>("after"))
        .select(["id", "text"])
        .orderBy("id")
        .limit(param<number>("limit")),
    ),
    same: statement<AccountKey & { text: string }, { id: number }>(
      "offline.same",
      db
        .selectFrom("offline_messages")
        .where("domain", "=", domain)
        .where("local_part", "=", local)
        .where("text", "=", param<string>("text"))
        .select("id")
        .limit(1),
    ),
    queue: statement<AccountKey, { last_id: number; kept: number }>("offline.queue", queue),
    total: statement<Record<string, never>, { total: number | string | null }>(
      "offline.total",
      db.selectFrom("offline_queues").select((eb) => eb.fn.sum<number>("kept").as("total")),
    ),
    lock: statement<AccountKey, { last_id: number; kept: number }>(
      "offline.lock",
      dialect === "sqlite" ? queue : queue.forUpdate(),
    ),
    newQueue: statement<AccountKey, unknown>(
      "offline.newQueue",
      db.insertInto("offline_queues").values({ domain, local_part: local, last_id: 1, kept: 1 }),
    ),
    count: statement<AccountKey & { id: number; added: number }, unknown>(
      "offline.count",
      db
        .updateTable("offline_queues")
        .set((eb) => ({ last_id: id, kept: eb("kept", "+", param<number>("added")) }))
        .where("domain", "=", domain)
        .where("local_part", "=", local),
    ),
    insert: statement<AccountKey & { id: number; at: number; text: string }, unknown>(
      "offline.insert",
      db
        .insertInto("offline_messages")
        .values({ domain, local_part: local, id, stored_at: param<number>("at"), text: param<string>("text") }),
    ),
    remove: statement<AccountKey & { id: number }, unknown>(
      "offline.remove",
      db
        .deleteFrom("offline_messages")
        .where("domain", "=", domain)
        .where("local_part", "=", local)
        .where("id", "<=", id),
    ),
  };
}
