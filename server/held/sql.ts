// Messages that sessions hold for their clients, in SQL. XEP-0198.
import type { Ascending } from "../storage/ascending.ts";
import { checkAccount } from "../storage/backend/text.ts";
import type { DialectName } from "../storage/sql/dialect.ts";
import type { SqlEngine, Work } from "../storage/sql/engine.ts";
import { Gatherer } from "../storage/sql/gatherer.ts";
import { bind, statement } from "../storage/sql/statement.ts";
import type { SqlParts, SqlStore } from "../storage/sql/way.ts";
import { insertOrIgnore } from "../storage/sql/words.ts";
import { heldIds } from "./ids.ts";
import type { HeldKey, HeldMessage, HeldStore } from "./port.ts";
import { HeldRemovals } from "./removals.ts";
import { type HeldBatches, heldBatches, type NewHeld } from "./sql-batches.ts";
import { checkHeld } from "./text.ts";

type HeldParts = Pick<SqlParts, "engine" | "bounds" | "now">;

/** The store on an engine whose table is there. */
export function sqlHeld(parts: HeldParts): SqlStore<HeldStore> {
  const sql = statements(parts.engine.dialect);
  const store = new SqlHeld(parts, sql);
  return {
    store,
    idle: () => store.idle(),
    *purge({ domain, local }) {
      yield bind(sql.purge, { domain, local });
    },
  };
}

/** Every message of a node passes here, so that more of them may wait than operations of another kind. */
const WAITING_TIMES = 20;

/**
 * Held messages in SQL. Behind a socket, adds are gathered to one statement and removals to another; SQLite gathers by
 * itself what one turn brings.
 */
class SqlHeld implements HeldStore {
  readonly ids: Ascending;
  readonly #engine: SqlEngine;
  readonly #sql: ReturnType<typeof statements>;
  readonly #batches: HeldBatches;
  readonly #adds: Gatherer<NewHeld, undefined>;
  readonly #deletions: Gatherer<readonly HeldKey[], undefined>;
  readonly #removals: HeldRemovals;

  constructor({ engine, bounds, now }: HeldParts, sql: ReturnType<typeof statements>) {
    this.ids = heldIds(now);
    this.#engine = engine;
    this.#sql = sql;
    this.#batches = heldBatches(engine);
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

  async of(domain: string, local: string, after: HeldKey | undefined, limit: number): Promise<HeldMessage[]> {
    checkAccount(domain, local);
    if (limit < 1) return [];
    const { member, id } = after ?? { member: "", id: 0 };
    checkHeld(member);
    const found = await this.#engine.read(bind(this.#sql.of, { domain, local, member, id, limit }));
    return found.map(messageOf);
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

const COLUMNS = "member, id, domain, local_part, stored_at, text";
const OF_MEMBER = `select ${COLUMNS} from held_messages where member = :member`;

function statements(dialect: DialectName) {
  return {
    // Used where one is added at a time, which is SQLite.
    insert: statement<HeldMessage & Record<string, string | number>, unknown>(
      dialect,
      "held.insert",
      insertOrIgnore(dialect, `held_messages (${COLUMNS}) values (:member, :id, :domain, :local, :at, :text)`),
    ),
    remove: statement<{ member: string; id: number }, unknown>(
      dialect,
      "held.remove",
      "delete from held_messages where member = :member and id = :id",
    ),
    get: statement<{ member: string; id: number }, HeldRow>(dialect, "held.get", `${OF_MEMBER} and id = :id`),
    read: statement<{ member: string; after: number; limit: number }, HeldRow>(
      dialect,
      "held.read",
      `${OF_MEMBER} and id > :after order by id limit :limit`,
    ),
    of: statement<{ domain: string; local: string; member: string; id: number; limit: number }, HeldRow>(
      dialect,
      "held.of",
      `select ${COLUMNS} from held_messages where domain = :domain and local_part = :local
        and (member > :member or (member = :member and id > :id)) order by member, id limit :limit`,
    ),
    members: statement<Record<string, never>, { member: string }>(
      dialect,
      "held.members",
      "select distinct member from held_messages order by member",
    ),
    purge: statement<{ domain: string; local: string }, unknown>(
      dialect,
      "held.purge",
      "delete from held_messages where domain = :domain and local_part = :local",
    ),
  };
}
