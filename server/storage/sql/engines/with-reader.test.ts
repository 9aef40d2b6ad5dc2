// Reads that may lag go to the reader, everything else to the writer, which also stands in.
import { expect, test } from "@jest/globals";
import { StoreUnavailable } from "../../../ports/store.ts";
import type { SqlEngine } from "../engine.ts";
import { WithReader } from "./with-reader.ts";

const QUERY = { name: "q", sql: "select 1", values: [] };

function engine(answer: () => Promise<unknown[]>): SqlEngine & { asked: number } {
  const self = {
    asked: 0,
    dialect: "postgres",
    read: () => {
      self.asked++;
      return answer();
    },
    change: async () => 7,
  };
  return self as unknown as SqlEngine & { asked: number };
}

test("only what may lag is asked of the reader", async () => {
  const writer = engine(async () => ["fresh"]);
  const reader = engine(async () => ["old"]);
  const both = new WithReader(writer, reader);
  expect(await both.read(QUERY)).toEqual(["fresh"]);
  expect(await both.read(QUERY, { mayLag: true })).toEqual(["old"]);
  expect(await both.change(QUERY, { idempotent: true })).toBe(7);
  expect([writer.asked, reader.asked]).toEqual([1, 1]);
});

test("a reader that does not answer is stood in for; a wrong query is nobody's to repeat", async () => {
  const writer = engine(async () => ["fresh"]);
  const away = new WithReader(
    writer,
    engine(async () => {
      throw new StoreUnavailable("away");
    }),
  );
  expect(await away.read(QUERY, { mayLag: true })).toEqual(["fresh"]);
  const wrong = new WithReader(
    writer,
    engine(async () => {
      throw new TypeError("no such table");
    }),
  );
  await expect(wrong.read(QUERY, { mayLag: true })).rejects.toThrow("no such table");
});
