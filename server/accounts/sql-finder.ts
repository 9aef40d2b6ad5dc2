// Finds which of many accounts exist by one statement, behind a socket: each message to somebody who is away asks.
import type { StoreAccount } from "../ports/store.ts";
import type { StorageBounds } from "../storage/backend/backend.ts";
import type { SqlEngine } from "../storage/sql/engine.ts";
import { Gatherer } from "../storage/sql/gatherer.ts";
import { type Bound, bind, once, statement } from "../storage/sql/statement.ts";
import { anyOf } from "../storage/sql/words.ts";

interface Found {
  readonly domain: string;
  readonly local_part: string;
}

type Finder = (keys: readonly Found[]) => Bound<Found>;

/** Answers whether accounts exist; what is asked while one statement is under way is asked by the next. */
export class AccountFinder {
  readonly #asked: Gatherer<StoreAccount, boolean>;

  constructor(engine: SqlEngine, bounds: StorageBounds) {
    const find = engine.dialect === "postgres" ? postgresFinder() : mysqlFinder;
    this.#asked = new Gatherer({
      ...bounds,
      commit: (keys) => findAll(engine, find, keys),
      weigh: ({ domain, local }) => domain.length + local.length,
    });
  }

  exists(domain: string, local: string): Promise<boolean> {
    return this.#asked.add({ domain, local });
  }

  /** Resolves once everything asked so far is answered. */
  idle(): Promise<void> {
    return this.#asked.idle();
  }
}

async function findAll(engine: SqlEngine, find: Finder, keys: readonly StoreAccount[]): Promise<boolean[]> {
  const asked = new Map(keys.map(({ domain, local }) => [`${domain}\0${local}`, { domain, local_part: local }]));
  const found = await engine.read(find([...asked.values()]));
  const there = new Set(found.map(({ domain, local_part }) => `${domain}\0${local_part}`));
  return keys.map(({ domain, local }) => there.has(`${domain}\0${local}`));
}

/** One text whatever the number of accounts, so that it stays prepared. */
function postgresFinder(): Finder {
  const find = statement<{ rows: string }, Found>(
    "postgres",
    "accounts.existMany",
    `select a.domain, a.local_part from json_to_recordset(:rows::json) as r (domain text, local_part text)
      join accounts a on a.domain = r.domain collate "C" and a.local_part = r.local_part collate "C"`,
  );
  return (keys) => bind(find, { rows: JSON.stringify(keys) });
}

/** Grows with the accounts. */
function mysqlFinder(keys: readonly Found[]): Bound<Found> {
  return once(
    `select domain, local_part from accounts where ${anyOf(["domain", "local_part"], keys.length)}`,
    keys.flatMap((key) => [key.domain, key.local_part]),
  );
}
