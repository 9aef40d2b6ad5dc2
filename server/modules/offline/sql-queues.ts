// Adds many offline messages of many accounts in one transaction of a few statements, limits kept exactly.
import { compareKeys } from "../../storage/backend/text.ts";
import type { DialectName } from "../../storage/sql/dialect.ts";
import { rows, type Work } from "../../storage/sql/engine.ts";
import { type Bound, bind, once, type SqlValue, statement } from "../../storage/sql/statement.ts";
import { anyOf, tuples } from "../../storage/sql/words.ts";
import type { NewOfflineMessage } from "./port.ts";

/** Parameters of every statement about one account. */
export type AccountKey = { readonly domain: string; readonly local: string };

/** A row of `offline_queues` with how far it may still go. */
interface Queue {
  readonly domain: string;
  readonly local_part: string;
  last_id: number;
  kept: number;
}

interface NewRow {
  readonly domain: string;
  readonly local_part: string;
  readonly id: number;
  readonly stored_at: number;
  readonly text: string;
}

type Key = Pick<Queue, "domain" | "local_part">;

/** The statements of one dialect, each for any number of rows. */
interface Batches {
  lock(keys: readonly Key[]): Bound<Queue>;
  create(keys: readonly Key[]): Bound;
  insert(messages: readonly NewRow[]): Bound;
  update(queues: readonly Queue[]): Bound;
}

/** The queues of accounts: each is a row whose lock puts every change of the account's messages in order. */
export class Queues {
  readonly #batches: Batches;

  /** SQLite, which has one writer, uses none of its statements. */
  constructor(dialect: DialectName) {
    this.#batches = dialect === "postgres" ? postgresBatches() : mysqlBatches();
  }

  /** Adds messages in the order given; false for each that its account's limit refused. */
  add(messages: readonly NewOfflineMessage[]): Work<boolean[]> {
    return addAll(this.#batches, messages);
  }

  /** Locks the queue of each account until the transaction's end, made where missing. */
  lock(accounts: readonly AccountKey[]): Work<Map<string, Queue>> {
    return lockQueues(this.#batches, accounts);
  }
}

function* addAll(batches: Batches, messages: readonly NewOfflineMessage[]): Work<boolean[]> {
  const queues = yield* lockQueues(batches, messages);
  const added: NewRow[] = [];
  const changed = new Set<Queue>();
  const answers = messages.map(({ domain, local, text, at, limit }) => {
    const queue = queues.get(keyOf(domain, local));
    if (queue === undefined) throw new Error("a queue vanished while it was locked");
    if (queue.kept >= limit) return false;
    queue.kept += 1;
    queue.last_id += 1;
    changed.add(queue);
    added.push({ domain, local_part: local, id: queue.last_id, stored_at: at, text });
    return true;
  });
  if (added.length === 0) return answers;
  yield batches.insert(added);
  yield batches.update([...changed]);
  return answers;
}

/** In one order everywhere, so that two nodes do not wait for each other. */
function* lockQueues(batches: Batches, accounts: readonly AccountKey[]): Work<Map<string, Queue>> {
  const wanted = new Map<string, Key>();
  for (const { domain, local } of accounts) wanted.set(keyOf(domain, local), { domain, local_part: local });
  const keys = [...wanted].sort(([a], [b]) => compareKeys(a, b));
  const queues = new Map<string, Queue>();
  const missing = () => keys.flatMap(([name, key]) => (queues.has(name) ? [] : [key]));
  const lock = function* (some: Key[]): Work<void> {
    for (const queue of yield* rows(batches.lock(some))) queues.set(keyOf(queue.domain, queue.local_part), queue);
  };
  yield* lock(missing());
  // More than once only where an account is deleted in between.
  for (let left = missing(); left.length > 0; left = missing()) {
    yield batches.create(left);
    yield* lock(left);
  }
  return queues;
}

/** NUL is in neither part: see `checkText`. */
function keyOf(domain: string, local: string): string {
  return `${domain}\0${local}`;
}

/** Statements of one text whatever the number of rows: the rows travel as one JSON value, so that they stay prepared. */
function postgresBatches(): Batches {
  const keys = "json_to_recordset(:rows::json) as r (domain text, local_part text)";
  const many = <R>(name: string, text: string) => statement<{ rows: string }, R>("postgres", name, text);
  const lock = many<Queue>(
    "offline.lockMany",
    `select q.domain, q.local_part, q.last_id, q.kept from offline_queues q join ${keys}
      on q.domain = r.domain collate "C" and q.local_part = r.local_part collate "C"
      order by q.domain, q.local_part for update of q`,
  );
  const create = many(
    "offline.createMany",
    `insert into offline_queues (domain, local_part, last_id, kept)
      select r.domain, r.local_part, 0, 0 from ${keys} on conflict do nothing`,
  );
  const insert = many(
    "offline.insertMany",
    `insert into offline_messages (domain, local_part, id, stored_at, text)
      select domain, local_part, id, stored_at, text from json_to_recordset(:rows::json)
      as r (domain text, local_part text, id bigint, stored_at bigint, text text)`,
  );
  const update = many(
    "offline.updateMany",
    `update offline_queues q set last_id = r.last_id, kept = r.kept from json_to_recordset(:rows::json)
      as r (domain text, local_part text, last_id bigint, kept bigint)
      where q.domain = r.domain collate "C" and q.local_part = r.local_part collate "C"`,
  );
  const json = (values: readonly unknown[]) => ({ rows: JSON.stringify(values) });
  return {
    lock: (some) => bind(lock, json(some)),
    create: (some) => bind(create, json(some)),
    insert: (messages) => bind(insert, json(messages)),
    update: (queues) => bind(update, json(queues)),
  };
}

/** Statements that grow with their rows. */
function mysqlBatches(): Batches {
  const rowsOf = <T>(some: readonly T[], of: (one: T) => SqlValue[]) => some.flatMap(of);
  return {
    lock: (some) =>
      once(
        `select domain, local_part, last_id, kept from offline_queues
          where ${anyOf(["domain", "local_part"], some.length)} order by domain, local_part for update`,
        rowsOf(some, (key) => [key.domain, key.local_part]),
      ),
    // What is there already is locked as a change of it would be. `insert ignore` would share that lock with whoever else
    // found it there, and each would wait for the other's share as soon as it locks the row: a deadlock.
    create: (some) =>
      once(
        `insert into offline_queues (domain, local_part, last_id, kept) values ${tuples(some.length, 4)}
          on duplicate key update kept = kept`,
        rowsOf(some, (key) => [key.domain, key.local_part, 0, 0]),
      ),
    insert: (messages) =>
      once(
        `insert into offline_messages (domain, local_part, id, stored_at, text) values ${tuples(messages.length, 5)}`,
        rowsOf(messages, (row) => [row.domain, row.local_part, row.id, row.stored_at, row.text]),
      ),
    // Every row exists and is locked: this only ever updates.
    update: (queues) =>
      once(
        `insert into offline_queues (domain, local_part, last_id, kept) values ${tuples(queues.length, 4)}
          on duplicate key update last_id = values(last_id), kept = values(kept)`,
        rowsOf(queues, (queue) => [queue.domain, queue.local_part, queue.last_id, queue.kept]),
      ),
  };
}
