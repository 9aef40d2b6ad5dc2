// Rosters in SQL, versioned. RFC 6121 §2.
import { checkAccount, checkText, indexKey } from "../../storage/backend/text.ts";
import type { DialectName } from "../../storage/sql/dialect.ts";
import { rows, type SqlEngine, type Work } from "../../storage/sql/engine.ts";
import { bind, statement, tupleStatement } from "../../storage/sql/statement.ts";
import type { SqlParts, SqlStore } from "../../storage/sql/way.ts";
import { insertOrUpdate } from "../../storage/sql/words.ts";
import {
  FIRST,
  type RosterEntry,
  type RosterItem,
  type RosterOwner,
  type RosterStore,
  type Subscription,
} from "./port.ts";
import { BARE_JID_BYTES, checkRosterItem } from "./text.ts";

/** The store on an engine whose tables are there. */
export function sqlRosters({ engine, now }: SqlParts): SqlStore<RosterStore> {
  const sql = statements(engine.dialect);
  return {
    store: new SqlRosters(engine, sql, now),
    // In the order in which a change locks: the version before the items.
    *purge({ domain, local }) {
      yield bind(sql.purgeVersions, { domain, local });
      yield bind(sql.purgeItems, { domain, local });
    },
  };
}

/**
 * Rosters in SQL. A roster's first version is the time it is made (ms) and each change adds one, so that an account
 * removed and made again does not come to a version that a client still holds of the old one (RFC 6121 §2.6).
 */
class SqlRosters implements RosterStore {
  readonly #engine: SqlEngine;
  readonly #now: () => number;
  readonly #sql: ReturnType<typeof statements>;

  constructor(engine: SqlEngine, sql: ReturnType<typeof statements>, now: () => number) {
    this.#engine = engine;
    this.#now = now;
    this.#sql = sql;
  }

  async load(domain: string, local: string): Promise<{ items: RosterItem[]; version: number }> {
    checkAccount(domain, local);
    const found = await this.#engine.read(bind(this.#sql.load, { domain, local }));
    const items: RosterItem[] = [];
    for (const row of found) if (row[1] !== null) items.push(itemOf(row));
    return { items, version: found[0]?.[0] ?? 0 };
  }

  async put(domain: string, local: string, item: RosterItem): Promise<number> {
    checkAccount(domain, local);
    checkRosterItem(item);
    const row: ItemRow = {
      domain,
      local,
      key: indexKey(item.jid),
      jid: item.jid,
      name: item.name,
      groups: JSON.stringify(item.groups),
      subscription: item.subscription,
      ask: Number(item.ask),
      approved: Number(item.approved),
      listed: Number(item.listed),
      pendingIn: item.pendingIn ?? null,
    };
    return this.#engine.write(() => this.#put(row), { idempotent: true });
  }

  async remove(domain: string, local: string, jid: string): Promise<number> {
    checkAccount(domain, local);
    checkText(jid, "roster item's JID", BARE_JID_BYTES);
    const row = { domain, local, key: indexKey(jid) };
    return this.#engine.write(() => this.#remove(row), { idempotent: true });
  }

  async about(jid: string, after: RosterOwner = FIRST, limit: number): Promise<RosterEntry[]> {
    checkText(jid, "roster item's JID", BARE_JID_BYTES);
    checkAccount(after.domain, after.local);
    if (limit < 1) return [];
    const found = await this.#engine.read(bind(this.#sql.about, { ...after, key: indexKey(jid), limit }));
    return found.map(([domain, local, ...row]) => ({ domain, local, item: itemOf([0, ...row]) }));
  }

  *#put(row: ItemRow): Work<number> {
    const version = yield* this.#nextVersion(row);
    yield bind(this.#sql.put, row);
    return version;
  }

  *#remove(row: AccountKey & { key: string }): Work<number> {
    const version = yield* this.#nextVersion(row);
    yield bind(this.#sql.remove, row);
    return version;
  }

  /** Also locks the roster until the transaction's end. */
  *#nextVersion({ domain, local }: AccountKey): Work<number> {
    yield bind(this.#sql.bump, { domain, local, first: Math.max(1, Math.trunc(this.#now())) });
    const found = yield* rows(bind(this.#sql.version, { domain, local }));
    return found[0]?.version ?? 0;
  }
}

type ItemRow = AccountKey & {
  key: string;
  jid: string;
  name: string;
  groups: string;
  subscription: string;
  ask: number;
  approved: number;
  listed: number;
  pendingIn: string | null;
};

/** A row of the outer join, its columns in order: all but the version are null where the roster is empty. */
type LoadedRow = [version: number, ...ItemColumns];

type ItemColumns = [
  jid: string | null,
  name: string,
  groups: string,
  subscription: string,
  ask: number,
  approved: number,
  listed: number,
  pendingIn: string | null,
];

type AboutRow = [domain: string, local: string, ...ItemColumns];

function itemOf(row: LoadedRow): RosterItem {
  const groups = row[3];
  return {
    jid: row[1] ?? "",
    name: row[2],
    groups: groups === "[]" ? [] : groupsOf(groups),
    subscription: subscriptionOf(row[4]),
    ask: row[5] === 1,
    approved: row[6] === 1,
    pendingIn: row[8] ?? undefined,
    listed: row[7] === 1,
  };
}

function groupsOf(text: string): string[] {
  const groups: unknown = JSON.parse(text);
  return Array.isArray(groups) ? groups.map(String) : [];
}

function subscriptionOf(text: string): Subscription {
  return text === "to" || text === "from" || text === "both" ? text : "none";
}

type AccountKey = { domain: string; local: string };

const OF_ACCOUNT = "where domain = :domain and local_part = :local";

function statements(dialect: DialectName) {
  return {
    load: tupleStatement<AccountKey, LoadedRow>(
      dialect,
      "rosters.load",
      `select v.version, i.jid, i.name, i.group_names, i.subscription, i.ask, i.approved, i.listed, i.pending_in
        from roster_versions v left join roster_items i on i.domain = v.domain and i.local_part = v.local_part
        where v.domain = :domain and v.local_part = :local order by i.jid_key`,
    ),
    about: tupleStatement<AccountKey & { key: string; limit: number }, AboutRow>(
      dialect,
      "rosters.about",
      `select domain, local_part, jid, name, group_names, subscription, ask, approved, listed, pending_in
        from roster_items where jid_key = :key and (domain > :domain or (domain = :domain and local_part > :local))
        and (subscription <> 'none' or ask = 1 or approved = 1 or pending_in is not null)
        order by domain, local_part limit :limit`,
    ),
    put: statement<ItemRow, unknown>(
      dialect,
      "rosters.put",
      insertOrUpdate(
        dialect,
        `roster_items (domain, local_part, jid_key, jid, name, group_names, subscription, ask, approved, listed, pending_in)
          values (:domain, :local, :key, :jid, :name, :groups, :subscription, :ask, :approved, :listed, :pendingIn)`,
        "domain, local_part, jid_key",
        `jid = :jid, name = :name, group_names = :groups, subscription = :subscription, ask = :ask,
          approved = :approved, listed = :listed, pending_in = :pendingIn`,
      ),
    ),
    remove: statement<AccountKey & { key: string }, unknown>(
      dialect,
      "rosters.remove",
      `delete from roster_items ${OF_ACCOUNT} and jid_key = :key`,
    ),
    bump: statement<AccountKey & { first: number }, unknown>(
      dialect,
      "rosters.bump",
      insertOrUpdate(
        dialect,
        "roster_versions (domain, local_part, version) values (:domain, :local, :first)",
        "domain, local_part",
        "version = roster_versions.version + 1",
      ),
    ),
    version: statement<AccountKey, { version: number }>(
      dialect,
      "rosters.version",
      `select version from roster_versions ${OF_ACCOUNT}`,
    ),
    purgeVersions: statement<AccountKey, unknown>(
      dialect,
      "rosters.purgeVersions",
      `delete from roster_versions ${OF_ACCOUNT}`,
    ),
    purgeItems: statement<AccountKey, unknown>(dialect, "rosters.purgeItems", `delete from roster_items ${OF_ACCOUNT}`),
  };
}
