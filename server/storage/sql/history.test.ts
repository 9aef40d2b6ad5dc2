// The history of migrations: each step is taken once, what was there before is carried over, and what differs is refused.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { rows } from "./engine.ts";
import { SqliteEngine } from "./engines/sqlite.ts";
import { HistoryDiffers, migrateAll, SchemaTooNew, type StoreMigrations } from "./history.ts";
import type { Migration } from "./migration.ts";

const step = (name: string, sql: string, carried?: number): Migration => ({
  name,
  ...(carried === undefined ? {} : { carried }),
  statements: () => [sql],
});

const POEMS: StoreMigrations = {
  name: "poems",
  migrations: [
    step("poems", "create table poems (id integer)", 1),
    step("rhymes", "alter table poems add rhyme text", 3),
  ],
};
const PLAYS: StoreMigrations = { name: "plays", migrations: [step("plays", "create table plays (id integer)")] };

let folder: string;
let engine: SqliteEngine;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "meridian-history-"));
  engine = await SqliteEngine.open({
    file: join(folder, "store.db"),
    synchronous: "normal",
    operationMs: 5_000,
    maxWaiting: 10,
  });
});
afterEach(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

async function migrate(kept: readonly StoreMigrations[], known = kept): Promise<string[]> {
  let ran: string[] = [];
  await engine.migrate(function* () {
    ran = yield* migrateAll("sqlite", 1, kept, known);
  });
  return ran;
}

const run = (sql: string) => engine.write(() => rows({ name: "", sql, values: [] }));

test("every step of a store that is kept here is taken once, a later one when it comes", async () => {
  const [first] = POEMS.migrations as [Migration];
  expect(await migrate([{ ...POEMS, migrations: [first] }], [POEMS, PLAYS])).toEqual(["poems/1"]);
  expect(await migrate([POEMS, PLAYS])).toEqual(["poems/2", "plays/1"]);
  expect(await migrate([POEMS, PLAYS])).toEqual([]);
  await run("insert into poems (id, rhyme) values (1, 'moon')");
});

test.each([
  [1, ["poems/2", "plays/1"]],
  [2, ["poems/2", "plays/1"]],
  [3, ["plays/1"]],
  [5, ["plays/1"]],
])("a database of schema %i, of before the history, is carried over", async (version, ran) => {
  await run("create table meridian_schema (version integer primary key, applied_at bigint not null)");
  for (let at = 1; at <= version; at += 1) await run(`insert into meridian_schema values (${at}, 0)`);
  await run(`create table poems (id integer${version >= 3 ? ", rhyme text" : ""})`);
  // Also where a store is kept elsewhere by now: what was done here was done.
  expect(await migrate([PLAYS], [POEMS, PLAYS])).toEqual(["plays/1"]);
  expect(await migrate([POEMS, PLAYS])).toEqual(ran.filter((one) => one !== "plays/1"));
  // Nodes of before the history do not start on what they cannot see.
  expect(await run("select max(version) as version from meridian_schema")).toEqual([{ version: 6 }]);
});

test.each([
  ["a newer schema", "insert into meridian_schema values (999, 0)", SchemaTooNew, /version 999.* run a newer one$/],
  [
    "a step nobody knows",
    "insert into meridian_migrations values ('poems', 3, 'songs', 'x', 0)",
    SchemaTooNew,
    /songs/,
  ],
  [
    "a store nobody knows",
    "insert into meridian_migrations values ('songs', 1, 'songs', 'x', 0)",
    SchemaTooNew,
    /songs/,
  ],
  ["a missing step", "delete from meridian_migrations where store = 'poems' and step = 1", HistoryDiffers, /no step 1/],
  ["a step of another name", "update meridian_migrations set name = 'odes' where step = 2", HistoryDiffers, /odes/],
  ["a step of another text", "update meridian_migrations set checksum = 'x'", HistoryDiffers, /something else/],
])("%s is refused, and nothing is done", async (_what, sql, kind, words) => {
  await migrate([POEMS]);
  await run(sql);
  const failure: unknown = await migrate([POEMS, PLAYS]).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(kind);
  expect(String(failure)).toMatch(words);
  expect(await run("select name from sqlite_master where name = 'plays'")).toEqual([]);
});

test("steps in another order are refused", async () => {
  await migrate([POEMS]);
  const turned = { ...POEMS, migrations: POEMS.migrations.toReversed() };
  await expect(migrate([turned])).rejects.toThrow("step 1 of poems was poems in the database, and is rhymes here");
});
