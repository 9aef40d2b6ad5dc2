// Adds many offline messages of many accounts in one transaction of a few statements, limits kept exactly.

import { compareKeys } from "../../backend/text.ts";
import { compiled } from "../compiled.ts";
import { rows, type Work } from "../engine.ts";
import { kysely } from "../kysely.ts";
import { type Bound, bind, once, param, statement } from "../queries.ts";
import type { AccountKey } from "./accounts.ts";
import type { NewMessage } from "./offline.ts";
import { type Builder, orIgnore } from "./upsert.ts";

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

/** Locks the queue of each account until the transaction's end, made where missing. */
export type QueueLocker = (accounts: readonly AccountKey[]) => Work<Map<string, Queue>>;

/** The lock that puts every change of an account's messages in order. SQLite needs none: it has one writer. */
export function queueLocker(builder: Builder): QueueLocker {
  const batches = batchesOf(builder);
  return (accounts) => lockQueues(batches, accounts);
}

/** The transaction that adds messages in the order given; false for each that its account's limit refused. */
export function offlineAdder(builder: Builder): (messages: readonly NewMessage[]) => Work<boolean[]> {
  const batches = batchesOf(builder);
  return (messages) => addAll(batches, messages);
}

function batchesOf(builder: Builder): Batches {
  return builder.dialect === "postgres" ? postgresBatches(builder) : plainBatches(builder);
}

function* addAll(batches: Batches, messages: readonly NewMessage[]): Work<boolean[]> {
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
function postgresBatches(builder: Builder): Batches {
  const { lock, create, insert, update } = compiled("offlineMany", builder, postgresStatements);
  const json = (values: readonly unknown[]) => ({ rows: JSON.stringify(values) });
  return {
    lock: (some) => bind(lock, json(some)),
    create: (some) => bind(create, json(some)),
    insert: (messages) => bind(insert, json(messages)),
    update: (queues) => bind(update, json(queues)),
  };
}

function postgresStatements({ db }: Builder) {
  const { sql } = kysely();
  const keys = sql`json_to_recordset(${param<string>("rows")}::json) as r (domain text, local_part text)`;
  const lock = statement<{ rows: string }, Queue>("offline.lockMany", {
    compile: () =>
      sql<Queue>`select q.domain, q.local_part, q.last_id, q.kept from offline_queues q join ${keys}
        on q.domain = r.domain collate "C" and q.local_part = r.local_part collate "C"
        order by q.domain, q.local_part for update of q`.compile(db),
  });
  const create = statement<{ rows: string }, unknown>("offline.createMany", {
    compile: () =>
      sql`insert into offline_queues (domain, local_part, last_id, kept)
        select r.domain, r.local_part, 0, 0 from ${keys} on conflict do nothing`.compile(db),
  });
  const insert = statement<{ rows: string }, unknown>("offline.insertMany", {
    compile: () =>
      sql`insert into offline_messages (domain, local_part, id, stored_at, text)
        select domain, local_part, id, stored_at, text from json_to_recordset(${param<string>("rows")}::json)
        as r (domain text, local_part text, id bigint, stored_at bigint, text text)`.compile(db),
  });
  const update = statement<{ rows: string }, unknown>("offline.updateMany", {
    compile: () =>
      sql`update offline_queues q set last_id = r.last_id, kept = r.kept
        from json_to_recordset(${param<string>("rows")}::json)
        as r (domain text, local_part text, last_id bigint, kept bigint)
        where q.domain = r.domain collate "C" and q.local_part = r.local_part collate "C"`.compile(db),
  });
  return { lock, create, insert, update };
}

/** Statements that grow with their rows. */
function plainBatches(builder: Builder): Batches {
  return {
    lock: (some) =>
      once(
        builder.db
          .selectFrom("offline_queues")
          .where((eb) => eb.or(some.map((key) => eb.and(key))))
          .select(["domain", "local_part", "last_id", "kept"])
          .orderBy("domain")
          .orderBy("local_part")
          .forUpdate(),
      ),
    create: (some) =>
      once(
        orIgnore(
          builder,
          builder.db.insertInto("offline_queues").values(some.map((k) => ({ ...k, last_id: 0, kept: 0 }))),
        ),
      ),
    insert: (messages) => once(builder.db.insertInto("offline_messages").values([...messages])),
    // Every row exists and is locked: this only ever updates.
    update: (queues) => {
      const { sql } = kysely();
      return once(
        builder.db
          .insertInto("offline_queues")
          .values([...queues])
          .onDuplicateKeyUpdate({ last_id: sql<number>`values(last_id)`, kept: sql<number>`values(kept)` }),
      );
    },
  };
}
