import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { StoreUnavailable } from "../../../ports/store.ts";
import { changes, rows, type Work } from "../engine.ts";
import type { Bound } from "../statement.ts";
import { SqliteEngine } from "./sqlite.ts";

let folder: string;
let engine: SqliteEngine;
const file = () => join(folder, "test.sqlite");
const run = (sql: string, ...values: number[]): Bound<{ n: number }> => ({ name: sql, sql, values });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "meridian-sqlite-"));
  engine = await SqliteEngine.open({ file: file(), synchronous: "normal", operationMs: 300, maxWaiting: 50 });
  await engine.change(run("create table t (n integer primary key)"));
});
afterEach(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const insert = (n: number) => () => changes(run("insert into t values (?)", n));
const all = async () => (await engine.read(run("select n from t order by n"))).map(({ n }) => n);

test("the file is for its owner alone", () => {
  expect(statSync(file()).mode & 0o077).toBe(0);
});

test("writes of one turn share a commit, and only the wrong one among them fails", async () => {
  const outcomes = await Promise.allSettled([1, 2, 2, 3].map((n) => engine.write(insert(n))));
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  expect(await all()).toEqual([1, 2, 3]);
});

test("a transaction that throws half way leaves nothing", async () => {
  function* half(): Work<void> {
    yield run("insert into t values (?)", 1);
    throw new Error("half way");
  }
  const [failed, other] = await Promise.allSettled([engine.write(half), engine.write(insert(2))]);
  expect(failed).toMatchObject({ status: "rejected", reason: { message: "half way" } });
  expect(other.status).toBe("fulfilled");
  expect(await all()).toEqual([2]);
});

test("a transaction sees its own writes and those before it in the turn", async () => {
  function* count(): Work<number> {
    return (yield* rows(run("select count(*) as n from t")))[0]?.n ?? 0;
  }
  const [, one, , two] = await Promise.all([
    engine.write(insert(1)),
    engine.write(count),
    engine.write(insert(2)),
    engine.write(count),
  ]);
  expect([one, two]).toEqual([1, 2]);
});

test("more writes than a batch holds are all committed, in order", async () => {
  await engine.close();
  engine = await SqliteEngine.open({ file: file(), synchronous: "full", operationMs: 5000, maxWaiting: 2000 });
  const numbers = Array.from({ length: 1000 }, (_, n) => n);
  expect(await Promise.all(numbers.map((n) => engine.write(insert(n))))).toEqual(numbers.map(() => 1));
  expect(await all()).toEqual(numbers);
});

test("while another process holds the file, reads go on, writes wait without blocking, then are refused", async () => {
  const other = new DatabaseSync(file());
  other.exec("begin immediate; insert into t values (100)");
  const writing = engine.write(insert(1));
  expect(await all()).toEqual([]);
  await expect(writing).rejects.toThrow(StoreUnavailable);
  const later = engine.write(insert(2));
  other.exec("commit");
  other.close();
  expect(await later).toBe(1);
  expect(await all()).toEqual([2, 100]);
});

test("too many waiting writes are refused at once", async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 60 }, (_, n) => engine.write(insert(n))));
  expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(10);
  expect(await all()).toHaveLength(50);
});

test("closing commits what waits and refuses what comes after", async () => {
  const writing = engine.write(insert(7));
  await engine.close();
  expect(await writing).toBe(1);
  await expect(engine.read(run("select 1 as n"))).rejects.toThrow(StoreUnavailable);
  await expect(engine.change(run("select 1"))).rejects.toThrow(StoreUnavailable);
});
