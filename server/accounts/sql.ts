// Accounts in SQL.
import type { AccountRecord, AccountStore, Credentials, StoreAccount } from "../ports/store.ts";
import { checkAccount } from "../storage/backend/text.ts";
import type { DialectName } from "../storage/sql/dialect.ts";
import { changes, rows, type Work } from "../storage/sql/engine.ts";
import { bind, statement } from "../storage/sql/statement.ts";
import type { SqlParts, SqlStore } from "../storage/sql/way.ts";
import { insertOrIgnore, insertOrUpdate, locking } from "../storage/sql/words.ts";
import { type AccountRows, type Cleared, Clearing } from "./clearing.ts";
import { AccountFinder } from "./sql-finder.ts";
import { decodeCredentials, encodeCredentials } from "./stored-credentials.ts";

/** The store on an engine whose tables are there. */
export function sqlAccounts(parts: SqlParts): SqlStore<AccountStore> {
  const sql = statements(parts.engine.dialect);
  const finder = new AccountFinder(parts.engine, parts.bounds);
  const clearing = new Clearing(new SqlRows(parts, sql), parts);
  return {
    store: new SqlAccounts(parts, sql, finder, clearing),
    start: () => clearing.start(),
    idle: async () => {
      await Promise.all([finder.idle(), clearing.stop()]);
    },
    *purge(account) {
      yield bind(sql.delete, keyOf(account));
    },
  };
}

type Sql = ReturnType<typeof statements>;
type AccountKey = { domain: string; local: string };
type AccountRow = AccountKey & { credentials: string; createdAt: number };

function keyOf({ domain, local }: StoreAccount): AccountKey {
  return { domain, local };
}

/** Accounts in SQL. */
class SqlAccounts implements AccountStore {
  readonly #parts: SqlParts;
  readonly #sql: Sql;
  readonly #finder: AccountFinder;
  readonly #clearing: Clearing<AccountRow>;

  constructor(parts: SqlParts, sql: Sql, finder: AccountFinder, clearing: Clearing<AccountRow>) {
    this.#parts = parts;
    this.#sql = sql;
    this.#finder = finder;
    this.#clearing = clearing;
  }

  async get(domain: string, local: string): Promise<AccountRecord | undefined> {
    checkAccount(domain, local);
    const [row] = await this.#parts.engine.read(bind(this.#sql.get, { domain, local }));
    if (row === undefined) return undefined;
    const { credentials, created_at: createdAt, disabled } = row;
    return { local, credentials: decodeCredentials(credentials), createdAt, disabled: disabled !== 0 };
  }

  async exists(domain: string, local: string): Promise<boolean> {
    checkAccount(domain, local);
    const { engine } = this.#parts;
    if (engine.dialect !== "sqlite") return this.#finder.exists(domain, local);
    return (await engine.read(bind(this.#sql.exists, { domain, local }))).length > 0;
  }

  async create(domain: string, local: string, credentials: Credentials, createdAt: number): Promise<boolean> {
    checkAccount(domain, local);
    return this.#clearing.create({ domain, local, credentials: encodeCredentials(credentials), createdAt });
  }

  async setDisabled(domain: string, local: string, disabled: boolean): Promise<boolean> {
    checkAccount(domain, local);
    const row = { domain, local, disabled: Number(disabled) };
    return (await this.#parts.engine.change(bind(this.#sql.setDisabled, row), { idempotent: true })) > 0;
  }

  async setCredentials(domain: string, local: string, credentials: Credentials): Promise<boolean> {
    checkAccount(domain, local);
    const row = { domain, local, credentials: encodeCredentials(credentials) };
    return (await this.#parts.engine.change(bind(this.#sql.setCredentials, row), { idempotent: true })) > 0;
  }

  async delete(domain: string, local: string): Promise<boolean> {
    checkAccount(domain, local);
    return this.#clearing.delete({ domain, local });
  }

  async list(domain: string, after: string, limit: number): Promise<string[]> {
    checkAccount(domain, after);
    if (limit < 1) return [];
    const found = await this.#parts.engine.read(bind(this.#sql.list, { domain, after, limit }), { mayLag: true });
    return found.map((row) => row.local_part);
  }

  async count(domain: string): Promise<number> {
    checkAccount(domain, "");
    const [row] = await this.#parts.engine.read(bind(this.#sql.count, { domain }), { mayLag: true });
    return Number(row?.accounts ?? 0);
  }
}

/** What is done with an account's row and everything beside it, each in one transaction. */
class SqlRows implements AccountRows<AccountRow> {
  readonly #parts: SqlParts;
  readonly #sql: Sql;

  constructor(parts: SqlParts, sql: Sql) {
    this.#parts = parts;
    this.#sql = sql;
  }

  create(row: AccountRow): Promise<boolean> {
    return this.#parts.engine.write(() => this.#create(row), { idempotent: false });
  }

  createCleared(row: AccountRow, since: number): Promise<boolean | undefined> {
    return this.#parts.engine.write(() => this.#createCleared(row, since), { idempotent: false });
  }

  delete(account: StoreAccount, since: number | undefined): Promise<boolean> {
    return this.#parts.engine.write(() => this.#delete(keyOf(account), since), { idempotent: false });
  }

  claim(cleared: Cleared, stale: number): Promise<"claimed" | "exists" | "taken"> {
    return this.#parts.engine.write(() => this.#claim({ ...cleared }, stale), { idempotent: false });
  }

  async done({ domain, local, since }: Cleared): Promise<void> {
    await this.#parts.engine.change(bind(this.#sql.cleared, { domain, local, since }), { idempotent: true });
  }

  async clearings(before: number, limit: number): Promise<StoreAccount[]> {
    const found = await this.#parts.engine.read(bind(this.#sql.clearings, { before, limit }));
    return found.map(({ domain, local_part }) => ({ domain, local: local_part }));
  }

  /** What was written for the name while or after an account of that name was removed is not the new one's. */
  *#create(row: AccountRow): Work<boolean> {
    const key = keyOf(row);
    const created = yield* changes(bind(this.#sql.create, row));
    if (created === 0) return false;
    yield* this.#parts.purgeOthers(key);
    yield bind(this.#sql.uncleared, key);
    return true;
  }

  *#createCleared(row: AccountRow, since: number): Work<boolean | undefined> {
    const mine = yield* changes(bind(this.#sql.cleared, { ...keyOf(row), since }));
    return mine === 0 ? undefined : yield* this.#create(row);
  }

  *#delete(key: AccountKey, since: number | undefined): Work<boolean> {
    const removed = yield* changes(bind(this.#sql.delete, key));
    yield* this.#parts.purgeOthers(key);
    if (since !== undefined) yield bind(this.#sql.note, { ...key, since });
    return removed > 0;
  }

  /**
   * The note first, whose lock is held to the end: whoever made the account meanwhile took his own away in the same
   * transaction, so that his account is seen here.
   */
  *#claim(cleared: AccountKey & { since: number }, stale: number): Work<"claimed" | "exists" | "taken"> {
    const key = keyOf(cleared);
    const begun = (yield* changes(bind(this.#sql.begin, cleared))) > 0;
    const [noted] = begun ? [cleared] : yield* rows(bind(this.#sql.clearing, key));
    // Gone by now: whoever asks again finds the name free, or an account.
    if (noted === undefined) return "taken";
    const [account] = yield* rows(bind(this.#sql.exists, key));
    if (account !== undefined) {
      yield bind(this.#sql.uncleared, key);
      return "exists";
    }
    if (begun) return "claimed";
    if (noted.since >= stale) return "taken";
    yield bind(this.#sql.note, cleared);
    return "claimed";
  }
}

const OF_ACCOUNT = "where domain = :domain and local_part = :local";
const CLEARING = "account_clearings (domain, local_part, since) values (:domain, :local, :since)";

function statements(dialect: DialectName) {
  return {
    get: statement<AccountKey, { credentials: string; created_at: number; disabled: number }>(
      dialect,
      "accounts.get",
      `select credentials, created_at, disabled from accounts ${OF_ACCOUNT}`,
    ),
    exists: statement<AccountKey, { created_at: number }>(
      dialect,
      "accounts.exists",
      `select created_at from accounts ${OF_ACCOUNT}`,
    ),
    create: statement<AccountRow, unknown>(
      dialect,
      "accounts.create",
      insertOrIgnore(
        dialect,
        "accounts (domain, local_part, credentials, created_at) values (:domain, :local, :credentials, :createdAt)",
      ),
    ),
    setCredentials: statement<AccountKey & { credentials: string }, unknown>(
      dialect,
      "accounts.setCredentials",
      `update accounts set credentials = :credentials ${OF_ACCOUNT}`,
    ),
    setDisabled: statement<AccountKey & { disabled: number }, unknown>(
      dialect,
      "accounts.setDisabled",
      `update accounts set disabled = :disabled ${OF_ACCOUNT}`,
    ),
    delete: statement<AccountKey, unknown>(dialect, "accounts.delete", `delete from accounts ${OF_ACCOUNT}`),
    list: statement<{ domain: string; after: string; limit: number }, { local_part: string }>(
      dialect,
      "accounts.list",
      "select local_part from accounts where domain = :domain and local_part > :after order by local_part limit :limit",
    ),
    count: statement<{ domain: string }, { accounts: number | string | bigint }>(
      dialect,
      "accounts.count",
      "select count(*) as accounts from accounts where domain = :domain",
    ),
    begin: statement<AccountKey & { since: number }, unknown>(
      dialect,
      "accounts.beginClearing",
      insertOrIgnore(dialect, CLEARING),
    ),
    note: statement<AccountKey & { since: number }, unknown>(
      dialect,
      "accounts.noteClearing",
      insertOrUpdate(dialect, CLEARING, "domain, local_part", "since = :since"),
    ),
    clearing: statement<AccountKey, { since: number }>(
      dialect,
      "accounts.clearing",
      locking(dialect, `select since from account_clearings ${OF_ACCOUNT}`),
    ),
    cleared: statement<AccountKey & { since: number }, unknown>(
      dialect,
      "accounts.cleared",
      `delete from account_clearings ${OF_ACCOUNT} and since = :since`,
    ),
    uncleared: statement<AccountKey, unknown>(
      dialect,
      "accounts.uncleared",
      `delete from account_clearings ${OF_ACCOUNT}`,
    ),
    clearings: statement<{ before: number; limit: number }, { domain: string; local_part: string }>(
      dialect,
      "accounts.clearings",
      "select domain, local_part from account_clearings where since < :before order by since limit :limit",
    ),
  };
}
