// Adds and removes many held messages by one statement each, behind a socket.
import { compiled } from "../compiled.ts";
import { rows, type SqlEngine, type Work } from "../engine.ts";
import { kysely } from "../kysely.ts";
import { type Bound, bind, once, param, statement } from "../statement.ts";
import type { Builder } from "./upsert.ts";

/** A held message on its way into the store. */
export interface NewHeld {
  readonly member: string;
  readonly domain: string;
  readonly local_part: string;
  /** ms since the epoch. */
  readonly at: number;
  readonly text: string;
}

/** `since` is when the oldest came (monotonic clock, ms). */
export interface HeldBatches {
  /** Stores in the order given and answers the ids in that order. */
  add(messages: readonly NewHeld[], since: number): Promise<number[]>;
  remove(ids: readonly number[], since: number): Promise<void>;
}

/** The batches of the engine's dialect. SQLite gathers by itself and asks for none. */
export function heldBatches(engine: SqlEngine, builder: Builder): HeldBatches {
  return builder.dialect === "postgres" ? postgresBatches(engine, builder) : plainBatches(engine, builder);
}

/** Statements of one text whatever the number of rows: the rows travel as one JSON value, so that they stay prepared. */
function postgresBatches(engine: SqlEngine, builder: Builder): HeldBatches {
  const { insert, remove } = compiled("heldMany", builder, postgresStatements);
  return {
    async add(messages, since) {
      const query = bind(insert, { rows: JSON.stringify(messages) });
      const added = await engine.changeRows(query, { idempotent: false, since });
      // Ids are drawn in the order of the rows; the order in which they are returned is nobody's promise.
      return added.map(({ id }) => id).sort((a, b) => a - b);
    },
    async remove(ids, since) {
      await engine.change(bind(remove, { ids: `{${ids.join(",")}}` }), { idempotent: true, since });
    },
  };
}

function postgresStatements({ db }: Builder) {
  const { sql } = kysely();
  const insert = statement<{ rows: string }, { id: number }>("held.insertMany", {
    compile: () =>
      sql`insert into held_messages (member, domain, local_part, stored_at, text)
        select member, domain, local_part, at, text from json_to_recordset(${param<string>("rows")}::json)
        as r (member text, domain text, local_part text, at bigint, text text) returning id`.compile(db),
  });
  const remove = statement<{ ids: string }, unknown>("held.removeMany", {
    compile: () => sql`delete from held_messages where id = any(${param<string>("ids")}::bigint[])`.compile(db),
  });
  return { insert, remove };
}

/** `last_insert_id()` is the first id of the statement, and the server draws the others of it in one go. */
const DRAWN: Bound<{ first: number; step: number }> = {
  name: "held.drawn",
  sql: "select last_insert_id() as first, @@auto_increment_increment as step",
  values: [],
};

/** Statements that grow with their rows. */
function plainBatches(engine: SqlEngine, builder: Builder): HeldBatches {
  function* addAll(messages: readonly NewHeld[]): Work<number[]> {
    yield once(
      builder.db
        .insertInto("held_messages")
        .values(messages.map(({ at, ...message }) => ({ ...message, stored_at: at }))),
    );
    const [drawn] = yield* rows(DRAWN);
    if (drawn === undefined) throw new Error("an insert gave no ids");
    return messages.map((_, at) => Number(drawn.first) + at * Number(drawn.step));
  }
  return {
    add: (messages, since) => engine.write(() => addAll(messages), { idempotent: false, since }),
    async remove(ids, since) {
      await engine.change(once(builder.db.deleteFrom("held_messages").where("id", "in", ids)), {
        idempotent: true,
        since,
      });
    },
  };
}
