import { expect, test } from "@jest/globals";
import { StoreUnavailable } from "../../../ports/store.ts";
import type { StorageBounds } from "../../backend/backend.ts";
import { changes } from "../engine.ts";
import type { Bound } from "../statement.ts";
import { ConnectionLost, type Fault } from "./fault.ts";
import { type Connection, type Pool, PooledEngine } from "./pooled.ts";

const BOUNDS: StorageBounds = { operationMs: 5000, maxWaiting: 3 };
const UPDATE: Bound = { name: "", sql: "update", values: [] };
const once = { idempotent: false };
const repeatable = { idempotent: true };

class ServerError extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault);
    this.fault = fault;
  }
}

/** A pool that fails as told: `failures` holds errors by statement, used up one by one. */
class ScriptedPool implements Pool {
  readonly dialect = "postgres";
  readonly log: string[] = [];
  readonly failures: [sql: string, error: Error][];

  constructor(...failures: [sql: string, error: Error][]) {
    this.failures = failures;
  }

  async connect(): Promise<Connection> {
    this.#failAt("connect");
    return {
      query: async ({ sql }) => {
        this.log.push(sql);
        this.#failAt(sql);
        return { rows: [], changes: 1 };
      },
      release: (broken) => this.log.push(broken ? "closed" : "released"),
    };
  }

  faultOf(error: unknown): Fault {
    if (error instanceof ConnectionLost) return "lost";
    return error instanceof ServerError ? error.fault : "wrong";
  }

  async end(): Promise<void> {
    this.log.push("ended");
  }

  #failAt(place: string): void {
    const at = this.failures.findIndex(([where]) => where === place);
    const [failure] = at < 0 ? [] : this.failures.splice(at, 1);
    if (failure !== undefined) throw failure[1];
  }
}

const lost = () => new ConnectionLost("gone");
const TRANSACTION = ["begin", "update", "commit", "released"];
const work = () => changes(UPDATE);

test("a transaction is begun, run and committed on one connection", async () => {
  const pool = new ScriptedPool();
  expect(await new PooledEngine(pool, BOUNDS).write(work, once)).toBe(1);
  expect(pool.log).toEqual(TRANSACTION);
});

test("what was not committed is tried again, on another connection", async () => {
  const pool = new ScriptedPool(["connect", lost()], ["update", lost()]);
  expect(await new PooledEngine(pool, BOUNDS).write(work, once)).toBe(1);
  expect(pool.log).toEqual(["begin", "update", "closed", ...TRANSACTION]);
});

test("a commit without an answer is repeated only where that changes nothing", async () => {
  const pool = new ScriptedPool(["commit", lost()]);
  const undecided = { name: "StoreUnavailable", undecided: true };
  await expect(new PooledEngine(pool, BOUNDS).write(work, once)).rejects.toMatchObject(undecided);
  expect(pool.log).toEqual(["begin", "update", "commit", "closed"]);
  const another = new ScriptedPool(["commit", lost()]);
  expect(await new PooledEngine(another, BOUNDS).write(work, repeatable)).toBe(1);
  expect(another.log).toEqual(["begin", "update", "commit", "closed", ...TRANSACTION]);
});

test("a single statement is its own commit", async () => {
  const pool = new ScriptedPool(["update", lost()]);
  await expect(new PooledEngine(pool, BOUNDS).change(UPDATE, once)).rejects.toThrow(StoreUnavailable);
  expect(pool.log).toEqual(["update", "closed"]);
  const another = new ScriptedPool(["update", lost()]);
  expect(await new PooledEngine(another, BOUNDS).change(UPDATE, repeatable)).toBe(1);
});

test("a conflict is rolled back and tried again on a connection that stays", async () => {
  const pool = new ScriptedPool(["update", new ServerError("conflict")]);
  expect(await new PooledEngine(pool, BOUNDS).write(work, once)).toBe(1);
  expect(pool.log).toEqual(["begin", "update", "rollback", "released", ...TRANSACTION]);
});

test("a wrong statement is rolled back and told as it is", async () => {
  const pool = new ScriptedPool(["update", new ServerError("wrong")]);
  await expect(new PooledEngine(pool, BOUNDS).write(work, repeatable)).rejects.toThrow(ServerError);
  expect(pool.log).toEqual(["begin", "update", "rollback", "released"]);
});

test("a refusal is not tried again", async () => {
  const pool = new ScriptedPool(["connect", new ServerError("refused")]);
  const decided = { name: "StoreUnavailable", undecided: false };
  await expect(new PooledEngine(pool, BOUNDS).read(UPDATE)).rejects.toMatchObject(decided);
  expect(pool.log).toEqual([]);
});

test("operations are bounded in number and in time, and a connection that comes late is given back", async () => {
  const pool = new ScriptedPool();
  const { promise: door, resolve: open } = Promise.withResolvers<void>();
  const slow: Pool = {
    dialect: "postgres",
    connect: async () => {
      await door;
      return pool.connect();
    },
    faultOf: (error) => pool.faultOf(error),
    end: () => pool.end(),
  };
  const engine = new PooledEngine(slow, { operationMs: 30, maxWaiting: 3 });
  const reads = [1, 2, 3].map(() => engine.read(UPDATE));
  await expect(engine.read(UPDATE)).rejects.toThrow("3 operations are waiting already");
  for (const outcome of await Promise.allSettled(reads)) {
    expect(outcome.status === "rejected" && outcome.reason).toBeInstanceOf(StoreUnavailable);
  }
  // Still counted: they hold on to the pool until it answers.
  await expect(engine.read(UPDATE)).rejects.toThrow("are waiting already");
  open();
  await engine.close();
  expect(pool.log).toEqual(["released", "released", "released", "ended"]);
});

test("a transaction whose caller was told that it failed is not committed", async () => {
  const pool = new ScriptedPool();
  const { promise: door, resolve: open } = Promise.withResolvers<void>();
  const slow: Pool = {
    dialect: "postgres",
    connect: async () => {
      const connection = await pool.connect();
      const query: Connection["query"] = async (bound, ms) => {
        if (bound.sql === "update") await door;
        return connection.query(bound, ms);
      };
      return { query, release: connection.release };
    },
    faultOf: (error) => pool.faultOf(error),
    end: () => pool.end(),
  };
  const engine = new PooledEngine(slow, { operationMs: 30, maxWaiting: 3 });
  await expect(engine.write(work, repeatable)).rejects.toThrow(StoreUnavailable);
  open();
  await engine.close();
  expect(pool.log).toEqual(["begin", "update", "closed", "ended"]);
});

test("an operation whose time is over during a later attempt says what the one before failed with", async () => {
  const pool = new ScriptedPool(["connect", lost()]);
  let attempts = 0;
  const second = Promise.withResolvers<never>();
  const hanging: Pool = {
    dialect: "postgres",
    connect: () => (++attempts === 1 ? pool.connect() : second.promise),
    faultOf: (error) => pool.faultOf(error),
    end: () => pool.end(),
  };
  const engine = new PooledEngine(hanging, { operationMs: 200, maxWaiting: 3 });
  await expect(engine.read(UPDATE)).rejects.toThrow("did not answer within 200 ms, at last: gone");
  second.reject(lost());
  await engine.close();
});

test("state is told once when the database goes and once when it is back", async () => {
  const told: [boolean, string][] = [];
  const pool = new ScriptedPool(["connect", lost()], ["connect", lost()]);
  const engine = new PooledEngine(pool, BOUNDS, (up, reason) => told.push([up, reason]));
  await engine.read(UPDATE);
  await engine.read(UPDATE);
  expect(told).toEqual([
    [false, "gone"],
    [true, ""],
  ]);
});

test("a closed engine refuses", async () => {
  const engine = new PooledEngine(new ScriptedPool(), BOUNDS);
  await engine.close();
  await expect(engine.read(UPDATE)).rejects.toThrow(StoreUnavailable);
  await expect(engine.write(work, repeatable)).rejects.toThrow(StoreUnavailable);
});
