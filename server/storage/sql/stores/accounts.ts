// Accounts in SQL.
import type { AccountRecord, AccountStore, Credentials } from "../../../ports/store.ts";
import type { StorageBounds } from "../../backend/backend.ts";
import { checkAccount } from "../../backend/text.ts";
import { compiled } from "../compiled.ts";
import { changes, type SqlEngine, type Work } from "../engine.ts";
import { bind, param, statement } from "../queries.ts";
import { AccountFinder } from "./account-finder.ts";
import { decodeCredentials, encodeCredentials } from "./credentials.ts";
import { type QueueLocker, queueLocker } from "./offline-adder.ts";
import { type Builder, orIgnore } from "./upsert.ts";

/** Parameters of every statement about one account. */
export type AccountKey = { domain: string; local: string };

/** Accounts in SQL. */
export class SqlAccounts implements AccountStore {
  readonly #engine: SqlEngine;
  readonly #sql: ReturnType<typeof statements>;
  readonly #lockQueues: QueueLocker;

  readonly #finder: AccountFinder;

  constructor(engine: SqlEngine, builder: Builder, bounds: StorageBounds) {
    this.#engine = engine;
    this.#sql = compiled("accounts", builder, statements);
    this.#lockQueues = queueLocker(builder);
    this.#finder = new AccountFinder(engine, builder, bounds);
  }

  async get(domain: string, local: string): Promise<AccountRecord | undefined> {
    checkAccount(domain, local);
    const [row] = await this.#engine.read(bind(this.#sql.get, { domain, local }));
    if (row === undefined) return undefined;
    const { credentials, created_at: createdAt, disabled } = row;
    return { local, credentials: decodeCredentials(credentials), createdAt, disabled: disabled !== 0 };
  }

  async exists(domain: string, local: string): Promise<boolean> {
    checkAccount(domain, local);
    if (this.#engine.dialect !== "sqlite") return this.#finder.exists(domain, local);
    return (await this.#engine.read(bind(this.#sql.exists, { domain, local }))).length > 0;
  }

  async create(domain: string, local: string, credentials: Credentials, createdAt: number): Promise<boolean> {
    checkAccount(domain, local);
    const row = { domain, local, credentials: encodeCredentials(credentials), createdAt };
    return (await this.#engine.write(() => this.#createAlone(row), { idempotent: false })) > 0;
  }

  async setDisabled(domain: string, local: string, disabled: boolean): Promise<boolean> {
    checkAccount(domain, local);
    const row = { domain, local, disabled: Number(disabled) };
    return (await this.#engine.change(bind(this.#sql.setDisabled, row), { idempotent: true })) > 0;
  }

  async setCredentials(domain: string, local: string, credentials: Credentials): Promise<boolean> {
    checkAccount(domain, local);
    const row = { domain, local, credentials: encodeCredentials(credentials) };
    return (await this.#engine.change(bind(this.#sql.setCredentials, row), { idempotent: true })) > 0;
  }

  async delete(domain: string, local: string): Promise<boolean> {
    checkAccount(domain, local);
    return (await this.#engine.write(() => this.#deleteAll({ domain, local }), { idempotent: false })) > 0;
  }

  async list(domain: string, after: string, limit: number): Promise<string[]> {
    checkAccount(domain, after);
    if (limit < 1) return [];
    const rows = await this.#engine.read(bind(this.#sql.list, { domain, after, limit }), { mayLag: true });
    return rows.map((row) => row.local_part);
  }

  async count(domain: string): Promise<number> {
    checkAccount(domain, "");
    const [row] = await this.#engine.read(bind(this.#sql.count, { domain }), { mayLag: true });
    return Number(row?.accounts ?? 0);
  }

  /** Resolves once what was gathered is answered. */
  idle(): Promise<void> {
    return this.#finder.idle();
  }

  /**
   * The queue is locked first and goes after its messages: were it deleted at once where there is none yet, a message
   * added meanwhile would be deleted without it.
   */
  *#deleteAll(key: AccountKey): Work<number> {
    yield* this.#lock(key);
    for (const query of this.#sql.deleteRest) yield bind(query, key);
    return yield* changes(bind(this.#sql.delete, key));
  }

  /** What was written for the name while or after an account of that name was removed is not the new one's. */
  *#createAlone({ domain, local, ...row }: AccountKey & { credentials: string; createdAt: number }): Work<number> {
    yield* this.#lock({ domain, local });
    const created = yield* changes(bind(this.#sql.create, { domain, local, ...row }));
    if (created > 0) for (const query of this.#sql.deleteRest) yield bind(query, { domain, local });
    return created;
  }

  *#lock(key: AccountKey): Work<void> {
    if (this.#engine.dialect !== "sqlite") yield* this.#lockQueues([key]);
  }
}

/** In the order in which the other stores lock: versions before items. */
const REST = [
  "offline_messages",
  "offline_queues",
  "roster_versions",
  "roster_items",
  "documents",
  "held_messages",
] as const;

function statements(builder: Builder) {
  const { db } = builder;
  const ofAccount = { domain: param<string>("domain"), local_part: param<string>("local") };
  const found = db
    .selectFrom("accounts")
    .where("domain", "=", ofAccount.domain)
    .where("local_part", "=", ofAccount.local_part);
  const ofDomain = db.selectFrom("accounts").where("domain", "=", ofAccount.domain);
  return {
    get: statement<AccountKey, { credentials: string; created_at: number; disabled: number }>(
      "accounts.get",
      found.select(["credentials", "created_at", "disabled"]),
    ),
    exists: statement<AccountKey, { created_at: number }>("accounts.exists", found.select("created_at")),
    create: statement<AccountKey & { credentials: string; createdAt: number }, unknown>(
      "accounts.create",
      orIgnore(
        builder,
        db.insertInto("accounts").values({
          ...ofAccount,
          credentials: param<string>("credentials"),
          created_at: param<number>("createdAt"),
        }),
      ),
    ),
    setCredentials: statement<AccountKey & { credentials: string }, unknown>(
      "accounts.setCredentials",
      db
        .updateTable("accounts")
        .set({ credentials: param<string>("credentials") })
        .where("domain", "=", ofAccount.domain)
        .where("local_part", "=", ofAccount.local_part),
    ),
    setDisabled: statement<AccountKey & { disabled: number }, unknown>(
      "accounts.setDisabled",
      db
        .updateTable("accounts")
        .set({ disabled: param<number>("disabled") })
        .where("domain", "=", ofAccount.domain)
        .where("local_part", "=", ofAccount.local_part),
    ),
    delete: deletion("accounts"),
    deleteRest: REST.map(deletion),
    list: statement<{ domain: string; after: string; limit: number }, { local_part: string }>(
      "accounts.list",
      ofDomain
        .where("local_part", ">", param<string>("after"))
        .select("local_part")
        .orderBy("local_part")
        .limit(param<number>("limit")),
    ),
    count: statement<{ domain: string }, { accounts: number | string | bigint }>(
      "accounts.count",
      ofDomain.select((eb) => eb.fn.countAll().as("accounts")),
    ),
  };

  function deletion(table: "accounts" | (typeof REST)[number]) {
    return statement<AccountKey, unknown>(
      `${table}.deleteAccount`,
      db.deleteFrom(table).where("domain", "=", ofAccount.domain).where("local_part", "=", ofAccount.local_part),
    );
  }
}
