// Rosters in SQL, versioned. RFC 6121 §2.
import {
  FIRST,
  type RosterEntry,
  type RosterItem,
  type RosterOwner,
  type RosterStore,
  type Subscription,
} from "../../../ports/store.ts";
import { BARE_JID_BYTES, checkAccount, checkRosterItem, checkText, indexKey } from "../../backend/text.ts";
import { compiled } from "../compiled.ts";
import { rows, type SqlEngine, type Work } from "../engine.ts";
import { bind, param, statement, tupleStatement } from "../queries.ts";
import type { AccountKey } from "./accounts.ts";
import type { Builder } from "./upsert.ts";

/**
 * Rosters in SQL. A roster's first version is the time it is made (ms) and each change adds one, so that an account
 * removed and made again does not come to a version that a client still holds of the old one (RFC 6121 §2.6).
 */
export class SqlRosters implements RosterStore {
  readonly #engine: SqlEngine;
  readonly #now: () => number;
  readonly #sql: ReturnType<typeof statements>;

  constructor(engine: SqlEngine, builder: Builder, now: () => number) {
    this.#engine = engine;
    this.#now = now;
    this.#sql = compiled("rosters", builder, statements);
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

function statements({ dialect, db }: Builder) {
  const ofAccount = { domain: param<string>("domain"), local_part: param<string>("local") };
  const values = {
    jid: param<string>("jid"),
    name: param<string>("name"),
    group_names: param<string>("groups"),
    subscription: param<string>("subscription"),
    ask: param<number>("ask"),
    approved: param<number>("approved"),
    listed: param<number>("listed"),
    pending_in: param<string | null>("pendingIn"),
  };
  const insertItem = db.insertInto("roster_items").values({ ...ofAccount, jid_key: param<string>("key"), ...values });
  const insertVersion = db.insertInto("roster_versions").values({ ...ofAccount, version: param<number>("first") });
  return {
    load: tupleStatement<AccountKey, LoadedRow>(
      "rosters.load",
      db
        .selectFrom("roster_versions as v")
        .leftJoin("roster_items as i", (join) =>
          join.onRef("i.domain", "=", "v.domain").onRef("i.local_part", "=", "v.local_part"),
        )
        .where("v.domain", "=", ofAccount.domain)
        .where("v.local_part", "=", ofAccount.local_part)
        .select(["v.version", "i.jid", "i.name", "i.group_names", "i.subscription", "i.ask", "i.approved"])
        .select(["i.listed", "i.pending_in"])
        .orderBy("i.jid_key"),
    ),
    about: tupleStatement<AccountKey & { key: string; limit: number }, AboutRow>(
      "rosters.about",
      db
        .selectFrom("roster_items as i")
        .where("i.jid_key", "=", param<string>("key"))
        .where((eb) =>
          eb.or([
            eb("i.domain", ">", ofAccount.domain),
            eb("i.domain", "=", ofAccount.domain).and("i.local_part", ">", ofAccount.local_part),
          ]),
        )
        .where((eb) =>
          eb.or([
            eb("i.subscription", "!=", "none"),
            eb("i.ask", "=", 1),
            eb("i.approved", "=", 1),
            eb("i.pending_in", "is not", null),
          ]),
        )
        .select(["i.domain", "i.local_part", "i.jid", "i.name", "i.group_names", "i.subscription", "i.ask"])
        .select(["i.approved", "i.listed", "i.pending_in"])
        .orderBy("i.domain")
        .orderBy("i.local_part")
        .limit(param<number>("limit")),
    ),
    put: statement<ItemRow, unknown>(
      "rosters.put",
      dialect === "mysql"
        ? insertItem.onDuplicateKeyUpdate(values)
        : insertItem.onConflict((oc) => oc.columns(["domain", "local_part", "jid_key"]).doUpdateSet(values)),
    ),
    remove: statement<AccountKey & { key: string }, unknown>(
      "rosters.remove",
      db
        .deleteFrom("roster_items")
        .where("domain", "=", ofAccount.domain)
        .where("local_part", "=", ofAccount.local_part)
        .where("jid_key", "=", param<string>("key")),
    ),
    bump: statement<AccountKey & { first: number }, unknown>(
      "rosters.bump",
      dialect === "mysql"
        ? insertVersion.onDuplicateKeyUpdate((eb) => ({ version: eb("version", "+", 1) }))
        : insertVersion.onConflict((oc) =>
            oc
              .columns(["domain", "local_part"])
              .doUpdateSet((eb) => ({ version: eb("roster_versions.version", "+", 1) })),
          ),
    ),
    version: statement<AccountKey, { version: number }>(
      "rosters.version",
      db
        .selectFrom("roster_versions")
        .where("domain", "=", ofAccount.domain)
        .where("local_part", "=", ofAccount.local_part)
        .select("version"),
    ),
  };
}
