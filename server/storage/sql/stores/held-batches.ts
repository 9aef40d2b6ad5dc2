// Adds and removes many held messages by one statement each, behind a socket.
import { compiled } from "../compiled.ts";
import type { SqlEngine } from "../engine.ts";
import { kysely } from "../kysely.ts";
import { bind, once, param, statement } from "../queries.ts";
import type { Builder } from "./upsert.ts";

/** A held message on its way into the store. */
export interface NewHeld {
  readonly member: string;
  readonly id: number;
  readonly domain: string;
  readonly local_part: string;
  /** ms since the epoch. */
  readonly at: number;
  readonly text: string;
}

/** `since` is when the oldest came (monotonic clock, ms). Either may be done twice. */
export interface HeldBatches {
  add(messages: readonly NewHeld[], since: number): Promise<void>;
  remove(member: string, ids: readonly number[], since: number): Promise<void>;
}

/** The batches of the engine's dialect. SQLite gathers by itself and asks for none. */
export function heldBatches(engine: SqlEngine, builder: Builder): HeldBatches {
  return builder.dialect === "postgres" ? postgresBatches(engine, builder) : plainBatches(engine, builder);
}

/** Statements of one text whatever the number of rows: the rows travel as one value, so that they stay prepared. */
function postgresBatches(engine: SqlEngine, builder: Builder): HeldBatches {
  const { insert, remove } = compiled("heldMany", builder, postgresStatements);
  return {
    async add(messages, since) {
      await engine.change(bind(insert, { rows: JSON.stringify(messages) }), { idempotent: true, since });
    },
    async remove(member, ids, since) {
      await engine.change(bind(remove, { member, ids: `{${ids.join(",")}}` }), { idempotent: true, since });
    },
  };
}

function postgresStatements({ db }: Builder) {
  const { sql } = kysely();
  const insert = statement<{ rows: string }, unknown>("held.insertMany", {
    compile: () =>
      sql`insert into held_messages (member, id, domain, local_part, stored_at, text)
        select member, id, domain, local_part, at, text from json_to_recordset(${param<string>("rows")}::json)
        as r (member text, id bigint, domain text, local_part text, at bigint, text text)
        on conflict do nothing`.compile(db),
  });
  const remove = statement<{ member: string; ids: string }, unknown>("held.removeMany", {
    compile: () =>
      sql`delete from held_messages where member = ${param<string>("member")}
        and id = any(${param<string>("ids")}::bigint[])`.compile(db),
  });
  return { insert, remove };
}

/** Statements that grow with their rows. */
function plainBatches(engine: SqlEngine, builder: Builder): HeldBatches {
  return {
    async add(messages, since) {
      const insert = builder.db
        .insertInto("held_messages")
        .values(messages.map(({ at, ...message }) => ({ ...message, stored_at: at })))
        .onDuplicateKeyUpdate({ id: kysely().sql<number>`id` });
      await engine.change(once(insert), { idempotent: true, since });
    },
    async remove(member, ids, since) {
      const remove = builder.db.deleteFrom("held_messages").where("member", "=", member).where("id", "in", ids);
      await engine.change(once(remove), { idempotent: true, since });
    },
  };
}
