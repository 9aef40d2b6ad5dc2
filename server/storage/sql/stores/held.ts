// Messages that sessions hold for their clients, in SQL. XEP-0198.
import type { HeldMessage, HeldStore } from "../../ports.ts";
import { checkHeld } from "../../text.ts";
import { compiled } from "../compiled.ts";
import { rows, type SqlEngine, type StorageBounds, type Work } from "../engine.ts";
import { bind, param, statement } from "../statement.ts";
import { Gatherer } from "./gatherer.ts";
import { type HeldBatches, heldBatches, type NewHeld } from "./held-batches.ts";
import { HeldStrays } from "./held-strays.ts";
import type { Builder } from "./upsert.ts";

/** Every message of a node passes here, so that more of them may wait than operations of another kind. */
const WAITING_TIMES = 20;
/** Ids whose removal failed and is tried again; beyond it the oldest are forgotten (and delivered twice). */
const MAX_LEFT = 200_000;
/** ms between two attempts to remove what is left. */
const RETRY = 1_000;
/** ms that removals have before the store is closed. */
const CLOSING = 5_000;

/**
 * Held messages in SQL. Behind a socket, adds are gathered to one statement and removals to another; SQLite gathers by
 * itself what one turn brings.
 */
export class SqlHeld implements HeldStore {
  readonly #engine: SqlEngine;
  readonly #sql: ReturnType<typeof statements>;
  readonly #batches: HeldBatches;
  readonly #adds: Gatherer<NewHeld, number>;
  readonly #removals: Gatherer<readonly number[], undefined>;
  readonly #strays: HeldStrays;
  #left: number[] = [];
  #retry: NodeJS.Timeout | undefined;

  constructor(engine: SqlEngine, builder: Builder, bounds: StorageBounds) {
    this.#engine = engine;
    this.#sql = compiled("held", builder, statements);
    this.#batches = heldBatches(engine, builder);
    const operationMs = bounds.operationMs;
    const maxWaiting = bounds.maxWaiting * WAITING_TIMES;
    this.#adds = new Gatherer({
      operationMs,
      maxWaiting,
      commit: (messages, since) => this.#batches.add(messages, since),
      weigh: ({ text }) => text.length,
    });
    this.#removals = new Gatherer({
      operationMs,
      maxWaiting,
      commit: (lists, since) => this.#removeAll(lists, since),
      weigh: (ids) => 8 * ids.length,
    });
    this.#strays = new HeldStrays(operationMs, {
      ids: async (member, after) => (await engine.read(bind(this.#sql.ids, { member, after }))).map(({ id }) => id),
      remove: (ids) => this.#remove(ids),
    });
  }

  /** Where it rejects, a row that was stored all the same is found and removed. */
  async add(member: string, message: Omit<HeldMessage, "id">): Promise<number> {
    checkHeld(member, message);
    return this.#strays.adding(member, this.#add(member, message));
  }

  #add(member: string, message: Omit<HeldMessage, "id">): Promise<number> {
    const { domain, local, text, at } = message;
    if (this.#engine.dialect !== "sqlite") return this.#adds.add({ member, domain, local_part: local, at, text });
    return this.#engine.write(() => this.#addOne({ member, domain, local, at, text }), { idempotent: false });
  }

  /** Where it rejects, it is tried again until it is done. */
  async remove(ids: readonly number[]): Promise<void> {
    this.#strays.removed(ids);
    await this.#remove(ids);
  }

  async #remove(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    if (this.#engine.dialect !== "sqlite") return this.#removals.add(ids);
    return this.#keepingLeft(ids, (all) => this.#engine.write(() => this.#removeEach(all), { idempotent: true }));
  }

  async read(member: string, after: number, limit: number): Promise<HeldMessage[]> {
    checkHeld(member);
    if (limit < 1) return [];
    const found = await this.#engine.read(bind(this.#sql.read, { member, after, limit }));
    return found.map(({ local_part, stored_at, ...rest }) => ({ ...rest, local: local_part, at: stored_at }));
  }

  async members(): Promise<string[]> {
    return (await this.#engine.read(bind(this.#sql.members, {}))).map(({ member }) => member);
  }

  /** Resolves once everything taken so far is stored, removed or refused, and what was left is removed if it can be. */
  async idle(): Promise<void> {
    this.#strays.stop();
    await Promise.all([this.#adds.idle(), this.#removals.idle()]);
    const end = performance.now() + CLOSING;
    while (this.#left.length > 0 && performance.now() < end)
      await this.#removeLeft().catch(() => new Promise((resolve) => setTimeout(resolve, RETRY / 10)));
    clearTimeout(this.#retry);
  }

  *#addOne(message: NewMessage): Work<number> {
    const [row] = yield* rows(bind(this.#sql.insert, message));
    if (row === undefined) throw new Error("an insert gave no id");
    return row.id;
  }

  *#removeEach(ids: readonly number[]): Work<void> {
    for (const id of ids) yield bind(this.#sql.remove, { id });
  }

  async #removeAll(lists: readonly (readonly number[])[], since: number): Promise<undefined[]> {
    await this.#keepingLeft(lists.flat(), (ids) => this.#batches.remove(ids, since));
    return lists.map(() => undefined);
  }

  async #keepingLeft(ids: readonly number[], remove: (ids: readonly number[]) => Promise<void>): Promise<void> {
    const all = this.#left.length === 0 ? ids : [...this.#left, ...ids];
    this.#left = [];
    try {
      await remove(all);
    } catch (error) {
      this.#left = [...this.#left, ...all].slice(-MAX_LEFT);
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        // Where it fails, this is set again.
        this.#removeLeft().catch(() => {});
      }, RETRY).unref();
      throw error;
    }
  }

  async #removeLeft(): Promise<void> {
    const left = this.#left;
    this.#left = [];
    await this.#remove(left);
  }
}

type NewMessage = { member: string; domain: string; local: string; at: number; text: string };
type HeldRow = { id: number; domain: string; local_part: string; stored_at: number; text: string };

function statements({ dialect, db }: Builder) {
  const member = param<string>("member");
  const insert = db.insertInto("held_messages").values({
    member,
    domain: param<string>("domain"),
    local_part: param<string>("local"),
    stored_at: param<number>("at"),
    text: param<string>("text"),
  });
  return {
    insert: statement<NewMessage, { id: number }>("held.insert", dialect === "mysql" ? insert : insert.returning("id")),
    remove: statement<{ id: number }, unknown>(
      "held.remove",
      db.deleteFrom("held_messages").where("id", "=", param<number>("id")),
    ),
    read: statement<{ member: string; after: number; limit: number }, HeldRow>(
      "held.read",
      db
        .selectFrom("held_messages")
        .where("member", "=", member)
        .where("id", ">", param<number>("after"))
        .select(["id", "domain", "local_part", "stored_at", "text"])
        .orderBy("id")
        .limit(param<number>("limit")),
    ),
    ids: statement<{ member: string; after: number }, { id: number }>(
      "held.ids",
      db.selectFrom("held_messages").where("member", "=", member).where("id", ">", param<number>("after")).select("id"),
    ),
    members: statement<Record<string, never>, { member: string }>(
      "held.members",
      db.selectFrom("held_messages").select("member").distinct().orderBy("member"),
    ),
  };
}
