// Adds and removes many held messages by one statement each, behind a socket.
import type { SqlEngine } from "../storage/sql/engine.ts";
import { bind, once, statement } from "../storage/sql/statement.ts";
import { tuples } from "../storage/sql/words.ts";

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
export function heldBatches(engine: SqlEngine): HeldBatches {
  return engine.dialect === "postgres" ? postgresBatches(engine) : mysqlBatches(engine);
}

/** Statements of one text whatever the number of rows: the rows travel as one value, so that they stay prepared. */
function postgresBatches(engine: SqlEngine): HeldBatches {
  const insert = statement<{ rows: string }, unknown>(
    "postgres",
    "held.insertMany",
    `insert into held_messages (member, id, domain, local_part, stored_at, text)
      select member, id, domain, local_part, at, text from json_to_recordset(:rows::json)
      as r (member text, id bigint, domain text, local_part text, at bigint, text text) on conflict do nothing`,
  );
  const remove = statement<{ member: string; ids: string }, unknown>(
    "postgres",
    "held.removeMany",
    "delete from held_messages where member = :member and id = any(:ids::bigint[])",
  );
  return {
    async add(messages, since) {
      await engine.change(bind(insert, { rows: JSON.stringify(messages) }), { idempotent: true, since });
    },
    async remove(member, ids, since) {
      await engine.change(bind(remove, { member, ids: `{${ids.join(",")}}` }), { idempotent: true, since });
    },
  };
}

/** Statements that grow with their rows. */
function mysqlBatches(engine: SqlEngine): HeldBatches {
  return {
    async add(messages, since) {
      const insert = once(
        `insert into held_messages (member, id, domain, local_part, stored_at, text)
          values ${tuples(messages.length, 6)} on duplicate key update id = id`,
        messages.flatMap((one) => [one.member, one.id, one.domain, one.local_part, one.at, one.text]),
      );
      await engine.change(insert, { idempotent: true, since });
    },
    async remove(member, ids, since) {
      const remove = once(`delete from held_messages where member = ? and id in ${tuples(1, ids.length)}`, [
        member,
        ...ids,
      ]);
      await engine.change(remove, { idempotent: true, since });
    },
  };
}
