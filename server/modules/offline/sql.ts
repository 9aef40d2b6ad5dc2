// Offline messages in SQL. XEP-0160.
import type { StorageBounds } from "../../storage/backend/backend.ts";
import { checkAccount, checkText, TEXT_BYTES } from "../../storage/backend/text.ts";
import type { DialectName } from "../../storage/sql/dialect.ts";
import { changes, rows, type SqlEngine, type Work } from "../../storage/sql/engine.ts";
import { Gatherer } from "../../storage/sql/gatherer.ts";
import { bind, once, statement } from "../../storage/sql/statement.ts";
import type { SqlParts, SqlStore } from "../../storage/sql/way.ts";
import { locking, tuples } from "../../storage/sql/words.ts";
import type { NewOfflineMessage, OfflineMessage, OfflineStore } from "./port.ts";
import { type AccountKey, Queues } from "./sql-queues.ts";

/** The store on an engine whose tables are there. */
export function sqlOffline({ engine, bounds }: SqlParts): SqlStore<OfflineStore> {
  const sql = statements(engine.dialect);
  const queues = new Queues(engine.dialect);
  const store = new SqlOffline(engine, sql, queues, bounds);
  return {
    store,
    idle: () => store.idle(),
    // The queue is locked first and goes after its messages: were it deleted at once where there is none yet, a message
    // added meanwhile would be deleted without it. SQLite has one writer.
    *purge({ domain, local }) {
      if (engine.dialect !== "sqlite") yield* queues.lock([{ domain, local }]);
      yield bind(sql.purgeMessages, { domain, local });
      yield bind(sql.purgeQueue, { domain, local });
    },
  };
}

/**
 * Offline messages in SQL. A row for each account (`offline_queues`) counts them: its lock puts concurrent adds of any
 * number of nodes in order, so that the limit is exact and no id appears below one that a reader has already seen.
 */
class SqlOffline implements OfflineStore {
  readonly #engine: SqlEngine;
  readonly #sql: ReturnType<typeof statements>;
  readonly #adds: Gatherer<NewOfflineMessage, boolean>;
  readonly #addMany: (messages: readonly NewOfflineMessage[]) => Work<boolean[]>;

  constructor(engine: SqlEngine, sql: ReturnType<typeof statements>, queues: Queues, bounds: StorageBounds) {
    this.#engine = engine;
    this.#sql = sql;
    this.#addMany = (messages) => queues.add(messages);
    this.#adds = new Gatherer({
      ...bounds,
      commit: (messages, since) => engine.write(() => this.#addMany(messages), { idempotent: false, since }),
      weigh: ({ text }) => text.length,
    });
  }

  async add(message: NewOfflineMessage): Promise<boolean> {
    checkAccount(message.domain, message.local);
    checkText(message.text, "message", TEXT_BYTES);
    if (message.limit < 1) return false;
    if (this.#engine.dialect !== "sqlite") return this.#adds.add(message);
    return this.#engine.write(() => this.#addOne(message), { idempotent: false });
  }

  async addAgain(message: NewOfflineMessage): Promise<boolean> {
    checkAccount(message.domain, message.local);
    checkText(message.text, "message", TEXT_BYTES);
    return this.#engine.write(() => this.#addUnlessThere(message), { idempotent: true });
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
    const found = await this.#engine.read(
      this.#engine.dialect === "postgres"
        ? bind(this.#sql.having, { domain, locals: JSON.stringify(locals) })
        : once<{ local_part: string }>(`${HAVING} in ${tuples(1, locals.length)}`, [domain, ...locals]),
    );
    return found.map(({ local_part }) => local_part);
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
  *#addOne(message: NewOfflineMessage): Work<boolean> {
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
  *#addUnlessThere(message: NewOfflineMessage): Work<boolean> {
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

/** One text for any number of accounts is PostgreSQL's alone: elsewhere it grows with them. */
const HAVING = "select local_part from offline_queues where kept > 0 and domain = ? and local_part";
const OF_ACCOUNT = "where domain = :domain and local_part = :local";

function statements(dialect: DialectName) {
  const queue = `select last_id, kept from offline_queues ${OF_ACCOUNT}`;
  return {
    read: statement<AccountKey & { after: number; limit: number }, OfflineMessage>(
      dialect,
      "offline.read",
      `select id, text from offline_messages ${OF_ACCOUNT} and id > :after order by id limit :limit`,
    ),
    same: statement<AccountKey & { text: string }, { id: number }>(
      dialect,
      "offline.same",
      `select id from offline_messages ${OF_ACCOUNT} and text = :text limit 1`,
    ),
    having: statement<{ domain: string; locals: string }, { local_part: string }>(
      dialect,
      "offline.having",
      `${HAVING.replace("?", ":domain")} = any(select value collate "C" from json_array_elements_text(:locals::json))`,
    ),
    queue: statement<AccountKey, { last_id: number; kept: number }>(dialect, "offline.queue", queue),
    lock: statement<AccountKey, { last_id: number; kept: number }>(dialect, "offline.lock", locking(dialect, queue)),
    total: statement<Record<string, never>, { total: number | string | null }>(
      dialect,
      "offline.total",
      "select sum(kept) as total from offline_queues",
    ),
    newQueue: statement<AccountKey, unknown>(
      dialect,
      "offline.newQueue",
      "insert into offline_queues (domain, local_part, last_id, kept) values (:domain, :local, 1, 1)",
    ),
    count: statement<AccountKey & { id: number; added: number }, unknown>(
      dialect,
      "offline.count",
      `update offline_queues set last_id = :id, kept = kept + :added ${OF_ACCOUNT}`,
    ),
    insert: statement<AccountKey & { id: number; at: number; text: string }, unknown>(
      dialect,
      "offline.insert",
      `insert into offline_messages (domain, local_part, id, stored_at, text)
        values (:domain, :local, :id, :at, :text)`,
    ),
    remove: statement<AccountKey & { id: number }, unknown>(
      dialect,
      "offline.remove",
      `delete from offline_messages ${OF_ACCOUNT} and id <= :id`,
    ),
    purgeMessages: statement<AccountKey, unknown>(
      dialect,
      "offline.purgeMessages",
      `delete from offline_messages ${OF_ACCOUNT}`,
    ),
    purgeQueue: statement<AccountKey, unknown>(
      dialect,
      "offline.purgeQueue",
      `delete from offline_queues ${OF_ACCOUNT}`,
    ),
  };
}
