// Messages that sessions hold for their clients, in SQL. XEP-0198.

import { HeldIds } from "../../../ports/held-ids.ts";
import type { HeldKey, HeldMessage, HeldStore } from "../../../ports/store.ts";
import type { StorageBounds } from "../../backend/backend.ts";
import { checkHeld } from "../../backend/text.ts";
import { compiled } from "../compiled.ts";
import type { SqlEngine, Work } from "../engine.ts";
import { bind, param, statement } from "../queries.ts";
import { Gatherer } from "./gatherer.ts";
import { type HeldBatches, heldBatches, type NewHeld } from "./held-batches.ts";
import { HeldRemovals } from "./held-removals.ts";
import { type Builder, orIgnore } from "./upsert.ts";

/** Every message of a node passes here, so that more of them may wait than operations of another kind. */
const WAITING_TIMES = 20;

/**
 * Held messages in SQL. Behind a socket, adds are gathered to one statement and removals to another; SQLite gathers by
 * itself what one turn brings.
 */
export class SqlHeld implements HeldStore {
  readonly ids: HeldIds;
  readonly #engine: SqlEngine;
  readonly #sql: ReturnType<typeof statements>;
  readonly #batches: HeldBatches;
  readonly #adds: Gatherer<NewHeld, undefined>;
  readonly #deletions: Gatherer<readonly HeldKey[], undefined>;
  readonly #removals: HeldRemovals;

  /** `now` gives ms since the epoch. */
  constructor(engine: SqlEngine, builder: Builder, bounds: StorageBounds, now: () => number) {
    this.ids = new HeldIds(now);
    this.#engine = engine;
    this.#sql = compiled("held", builder, statements);
    this.#batches = heldBatches(engine, builder);
    const operationMs = bounds.operationMs;
    const maxWaiting = bounds.maxWaiting * WAITING_TIMES;
    this.#adds = new Gatherer({
      operationMs,
      maxWaiting,
      commit: async (messages, since): Promise<undefined[]> => {
        await this.#batches.add(messages, since);
        return [];
      },
      weigh: ({ text }) => text.length,
    });
    this.#deletions = new Gatherer({
      operationMs,
      maxWaiting,
      commit: (lists, since) => this.#deleteMany(lists.flat(), since),
      weigh: (keys) => 16 * keys.length,
    });
    this.#removals = new HeldRemovals(operationMs, (keys) => this.#delete(keys));
  }

  get unremoved(): readonly HeldKey[] {
    return this.#removals.unremoved;
  }

  async add(message: HeldMessage): Promise<void> {
    checkHeld(message.member, message);
    return this.#removals.adding(message, this.#add(message));
  }

  /** Where it rejects, it is tried again until it is done. */
  remove(keys: readonly HeldKey[]): Promise<void> {
    return this.#removals.remove(keys);
  }

  async get(key: HeldKey): Promise<HeldMessage | undefined> {
    const { member, id } = key;
    checkHeld(member);
    const [found] = await this.#engine.read(bind(this.#sql.get, { member, id }));
    return found === undefined ? undefined : messageOf(found);
  }

  async read(member: string, after: number, limit: number): Promise<HeldMessage[]> {
    checkHeld(member);
    if (limit < 1) return [];
    for (let last = after; ; ) {
      const found = await this.#engine.read(bind(this.#sql.read, { member, after: last, limit }));
      const newest = found.at(-1);
      if (newest === undefined) return [];
      last = newest.id;
      this.ids.seen(last);
      const there = found.filter((row) => !this.#removals.has(row));
      if (there.length > 0) return there.map(messageOf);
    }
  }

  async members(): Promise<string[]> {
    return (await this.#engine.read(bind(this.#sql.members, {}))).map(({ member }) => member);
  }

  /** Resolves once everything taken so far is stored, removed or refused, and what was left is removed if it can be. */
  async idle(): Promise<void> {
    await this.#adds.idle();
    // A turn for those who heard of it.
    await new Promise(setImmediate);
    await this.#deletions.idle();
    await this.#removals.close();
  }

  #add({ member, id, domain, local, text, at }: HeldMessage): Promise<void> {
    if (this.#engine.dialect !== "sqlite") return this.#adds.add({ member, id, domain, local_part: local, at, text });
    const insert = bind(this.#sql.insert, { member, id, domain, local, at, text });
    return this.#engine.write(
      function* (): Work<void> {
        yield insert;
      },
      { idempotent: true },
    );
  }

  async #delete(keys: readonly HeldKey[]): Promise<void> {
    if (this.#engine.dialect !== "sqlite") await this.#deletions.add(keys);
    else await this.#engine.write(() => this.#deleteEach(keys), { idempotent: true });
  }

  *#deleteEach(keys: readonly HeldKey[]): Work<void> {
    for (const { member, id } of keys) yield bind(this.#sql.remove, { member, id });
  }

  async #deleteMany(keys: readonly HeldKey[], since: number): Promise<undefined[]> {
    // Nearly always there is but one member.
    for (const [member, some] of Map.groupBy(keys, ({ member }) => member))
      await this.#batches.remove(
        member,
        some.map(({ id }) => id),
        since,
      );
    return [];
  }
}

type HeldRow = { member: string; id: number; domain: string; local_part: string; stored_at: number; text: string };

function messageOf({ local_part, stored_at, ...rest }: HeldRow): HeldMessage {
  return { ...rest, local: local_part, at: stored_at };
}

function statements(builder: Builder) {
  const { dialect, db } = builder;
  const member = param<string>("member");
  const id = param<number>("id");
  const row = { member, id, domain: param<string>("domain"), local_part: param<string>("local") };
  const insert = db
    .insertInto("held_messages")
    .values({ ...row, stored_at: param<number>("at"), text: param<string>("text") });
  const all = db
    .selectFrom("held_messages")
    .where("member", "=", member)
    .select(["member", "id", "domain", "local_part", "stored_at", "text"]);
  return {
    insert: statement<HeldMessage & Record<string, string | number>, unknown>(
      "held.insert",
      dialect === "mysql" ? insert : orIgnore(builder, insert),
    ),
    remove: statement<{ member: string; id: number }, unknown>(
      "held.remove",
      db.deleteFrom("held_messages").where("member", "=", member).where("id", "=", id),
    ),
    get: statement<{ member: string; id: number }, HeldRow>("held.get", all.where("id", "=", id)),
    read: statement<{ member: string; after: number; limit: number }, HeldRow>(
      "held.read",
      all.where("id", ">", param<number>("after")).orderBy("id").limit(param<number>("limit")),
    ),
    members: statement<Record<string, never>, { member: string }>(
      "held.members",
      db.selectFrom("held_messages").select("member").distinct().orderBy("member"),
    ),
  };
}
