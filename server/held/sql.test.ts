// Held messages whose insert or removal was given up: none is left behind to be delivered twice.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { until } from "../../test/harness/until.ts";
import { StoreUnavailable } from "../ports/store.ts";
import type { SqlEngine } from "../storage/sql/engine.ts";
import { SqliteEngine } from "../storage/sql/engines/sqlite.ts";
import { migrateAll } from "../storage/sql/history.ts";
import { heldTable } from "./migrations/0001-held.ts";
import { heldKeys } from "./migrations/0002-keys.ts";
import type { HeldMessage, HeldStore } from "./port.ts";
import { sqlHeld } from "./sql.ts";

const BOUNDS = { operationMs: 20, maxWaiting: 1_000 };

let folder: string;
let plain: SqliteEngine;
let held: HeldStore;
let idle: () => Promise<void>;
/** What the next writes come to: done and told so, done and not told so, or not done. */
let fates: ("done" | "answer lost" | "failed")[];

function opened(engine: SqlEngine): void {
  const made = sqlHeld({ engine, bounds: BOUNDS, now: Date.now });
  held = made.store;
  idle = async () => made.idle?.();
}

const STEPS = [{ name: "held", migrations: [heldTable, heldKeys] }];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "held-"));
  fates = [];
  plain = await SqliteEngine.open({
    file: join(folder, "store.db"),
    synchronous: "normal",
    operationMs: 5_000,
    maxWaiting: 1_000,
  });
  await plain.migrate(() => migrateAll("sqlite", 0, STEPS, STEPS));
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
    migrate: (work) => plain.migrate(work),
    close: () => plain.close(),
  };
  opened(engine);
});
afterEach(async () => {
  await idle();
  await plain.close();
  await rm(folder, { recursive: true });
});

/** A message under a key of its own. */
function message(): HeldMessage {
  return {
    member: "n1",
    id: held.ids.next(),
    domain: "verona.test",
    local: "romeo",
    text: "<message/>",
    at: 1,
  };
}

/** Ids in the database, whatever is to be removed. */
async function stored(): Promise<number[]> {
  const query = { name: "", sql: "select id from held_messages order by id", values: [] };
  return (await plain.read<{ id: number }>(query)).map(({ id }) => id);
}

async function untilStored(ids: readonly number[]): Promise<void> {
  await until(`${ids} in the database`, async () => (await stored()).join() === ids.join());
}

test("a message whose insert was given up and committed all the same is there once when it is stored again", async () => {
  const one = message();
  fates = ["answer lost"];
  await expect(held.add(one)).rejects.toThrow(StoreUnavailable);
  await held.add(one);
  expect(await stored()).toEqual([one.id]);
});

test("a message that was removed after its insert had been given up goes whenever that is committed", async () => {
  const [gone, kept] = [message(), message()];
  fates = ["failed"];
  await expect(held.add(gone)).rejects.toThrow(StoreUnavailable);
  await held.add(kept);
  await held.remove([gone]);
  expect(held.unremoved).toEqual([expect.objectContaining({ member: "n1", id: gone.id })]);
  // The database commits it behind the node's back.
  await sqlHeld({ engine: plain, bounds: BOUNDS, now: Date.now }).store.add(gone);
  expect((await held.read("n1", 0, 100)).map(({ id }) => id)).toEqual([kept.id]);
  await untilStored([kept.id]);
});

test("a removal that failed is tried again although no other comes, and before the store is closed", async () => {
  const [one, two] = [message(), message()];
  for (const each of [one, two]) await held.add(each);
  fates = ["failed"];
  await expect(held.remove([one])).rejects.toThrow(StoreUnavailable);
  await untilStored([two.id]);
  fates = ["failed", "failed"];
  await expect(held.remove([two])).rejects.toThrow(StoreUnavailable);
  await idle();
  await plain.close();
  plain = await SqliteEngine.open({
    file: join(folder, "store.db"),
    synchronous: "normal",
    operationMs: 5_000,
    maxWaiting: 10,
  });
  opened(plain);
  expect(await held.members()).toEqual([]);
});
