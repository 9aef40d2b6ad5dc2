// Held messages whose insert or removal was given up: none is left behind to be delivered twice.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Storage, StoreUnavailable } from "../../ports.ts";
import type { SqlEngine } from "../engine.ts";
import { SqliteEngine } from "../engines/sqlite.ts";
import { sqlStorage } from "../storage.ts";

const BOUNDS = { operationMs: 20, maxWaiting: 1_000 };
const MESSAGE = { domain: "verona.test", local: "romeo", text: "<message/>", at: 1 };

let folder: string;
let plain: SqliteEngine;
let storage: Storage;
/** What the next writes come to: done and told so, done and not told so, or not done. */
let fates: ("done" | "answer lost" | "failed")[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "held-"));
  fates = [];
  plain = await SqliteEngine.open({
    file: join(folder, "store.db"),
    synchronous: "normal",
    operationMs: 5_000,
    maxWaiting: 1_000,
  });
  await plain.migrate();
  const engine: SqlEngine = {
    dialect: "sqlite",
    read: (query) => plain.read(query),
    change: (query) => plain.change(query),
    changeRows: (query) => plain.changeRows(query),
    async write(work) {
      const fate = fates.shift() ?? "done";
      if (fate === "failed") throw new StoreUnavailable("it does not answer");
      const answer = await plain.write(work);
      if (fate === "answer lost") throw new StoreUnavailable("it did not answer");
      return answer;
    },
    migrate: () => plain.migrate(),
    close: () => plain.close(),
  };
  storage = sqlStorage(engine, Date.now, BOUNDS);
});
afterEach(async () => {
  await storage.close();
  await rm(folder, { recursive: true });
});

async function left(): Promise<number[]> {
  return (await storage.held.read("n1", 0, 100)).map(({ id }) => id);
}

async function untilLeft(ids: readonly number[]): Promise<void> {
  while ((await left()).join() !== ids.join()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("a message whose insert was given up and committed all the same is removed, and no other", async () => {
  const first = await storage.held.add("n1", MESSAGE);
  fates = ["answer lost"];
  await expect(storage.held.add("n1", MESSAGE)).rejects.toThrow(StoreUnavailable);
  const again = await storage.held.add("n1", MESSAGE);
  expect(await left()).toHaveLength(3);
  await untilLeft([first, again]);
});

test("a removal that failed is tried again although no other comes, and before the store is closed", async () => {
  const [one, two] = [await storage.held.add("n1", MESSAGE), await storage.held.add("n1", MESSAGE)];
  fates = ["failed"];
  await expect(storage.held.remove([one])).rejects.toThrow(StoreUnavailable);
  await untilLeft([two]);
  fates = ["failed", "failed"];
  await expect(storage.held.remove([two])).rejects.toThrow(StoreUnavailable);
  await storage.close();
  const reopened = await SqliteEngine.open({
    file: join(folder, "store.db"),
    synchronous: "normal",
    operationMs: 5_000,
    maxWaiting: 10,
  });
  storage = sqlStorage(reopened, Date.now, BOUNDS);
  expect(await left()).toEqual([]);
});
