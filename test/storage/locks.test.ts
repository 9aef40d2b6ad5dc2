// Two transactions that insert what is there already and then change it go one after the other: neither is a deadlock's victim.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Queues } from "../../server/modules/offline/sql-queues.ts";
import { mysqlPool } from "../../server/storage/sql/engines/mysql.ts";
import type { Connection, Pool } from "../../server/storage/sql/engines/pooled.ts";
import type { Bound, Result } from "../../server/storage/sql/statement.ts";
import { once } from "../../server/storage/sql/statement.ts";
import { insertOrIgnore } from "../../server/storage/sql/words.ts";
import { startMariadb, type TestMariadb } from "../harness/mariadb.ts";
import { needing } from "../harness/needing.ts";

const MS = 60_000;
let server: TestMariadb;
let pool: Pool;
let connections: Connection[];

const plain = (sql: string): Bound => ({ name: "", sql, values: [] });
const ask = (by: number, query: Bound): Promise<Result> => (connections[by] as Connection).query(query, MS);

/** Resolves once the work is done, or waits for a lock that another transaction has. */
async function doneOrWaiting(work: Promise<unknown>): Promise<void> {
  let done = false;
  const over = () => {
    done = true;
  };
  work.then(over, over);
  for (;;) {
    const { rows } = await ask(2, plain("show global status like 'Innodb_row_lock_current_waits'"));
    const [waits] = rows as { Value?: string }[];
    if (done || Number(waits?.Value) > 0) return;
  }
}

needing("mariadb").describe("MariaDB", () => {
  beforeAll(async () => {
    server = await startMariadb();
    const url = await server.createDatabase("locks");
    pool = mysqlPool({ url, size: 3, operationMs: MS, broken: () => {} });
    connections = [await pool.connect(), await pool.connect(), await pool.connect()];
    for (const table of [
      "things (name varchar(20) primary key, seen int not null)",
      "offline_queues (domain varchar(20), local_part varchar(20), last_id int, kept int, primary key (domain, local_part))",
    ])
      await ask(0, plain(`create table ${table} engine = innodb`));
  }, MS);

  afterAll(async () => {
    for (const connection of connections ?? []) connection.release(true);
    await pool?.end();
    await server?.end();
  });

  test(
    "an insertion says whether it found its row there, and keeps it for itself if so",
    async () => {
      const insert = once(insertOrIgnore("mysql", "things (name, seen) values (?, ?)"), ["a", 0]);
      expect((await ask(0, insert)).changes).toBe(1);
      expect((await ask(0, insert)).changes).toBe(0);
      expect((await ask(0, plain("update things set seen = seen"))).changes).toBe(1);
      for (const by of [0, 1]) await ask(by, plain("begin"));
      expect((await ask(0, insert)).changes).toBe(0);
      const other = ask(1, insert);
      await doneOrWaiting(other);
      const more = plain("update things set seen = seen + 1");
      await ask(0, more);
      await ask(0, plain("commit"));
      expect((await other).changes).toBe(0);
      await ask(1, more);
      await ask(1, plain("commit"));
      expect((await ask(0, plain("select seen from things"))).rows).toEqual([{ seen: 2 }]);
    },
    MS,
  );

  test(
    "two that make the queue of an account, which a third has made, both have it in turn",
    async () => {
      const queues = new Queues("mysql");
      const works = [0, 1].map(() => queues.lock([{ domain: "a.test", local: "romeo" }]));
      /** The next statement of one of them; undefined once it has the queue. */
      const next = async (by: number, result?: Result) => {
        const step = works[by]?.next(...((result === undefined ? [] : [result]) as [Result]));
        return step?.done === true ? undefined : ask(by, step?.value as Bound);
      };
      for (const by of [0, 1]) await ask(by, plain("begin"));
      const missing = [await next(0), await next(1)];
      await ask(2, plain("insert into offline_queues values ('a.test', 'romeo', 5, 5)"));
      const made = await next(0, missing[0]);
      const other = next(1, missing[1]);
      await doneOrWaiting(other);
      const locked = await next(0, made);
      expect(locked?.rows).toMatchObject([{ last_id: 5, kept: 5 }]);
      await ask(0, plain("commit"));
      expect((await next(1, await other))?.rows).toMatchObject([{ last_id: 5, kept: 5 }]);
      await ask(1, plain("commit"));
    },
    MS,
  );
});
