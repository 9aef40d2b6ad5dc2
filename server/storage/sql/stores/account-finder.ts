// Finds which of many accounts exist by one statement, behind a socket: each message to somebody who is away asks.

import type { StorageBounds } from "../../backend/backend.ts";
import { compiled } from "../compiled.ts";
import type { SqlEngine } from "../engine.ts";
import { kysely } from "../kysely.ts";
import { type Bound, bind, once, param, statement } from "../queries.ts";
import type { AccountKey } from "./accounts.ts";
import { Gatherer } from "./gatherer.ts";
import type { Builder } from "./upsert.ts";

interface Found {
  readonly domain: string;
  readonly local_part: string;
}

type Finder = (keys: readonly Found[]) => Bound<Found>;

/** Answers whether accounts exist; what is asked while one statement is under way is asked by the next. */
export class AccountFinder {
  readonly #asked: Gatherer<AccountKey, boolean>;

  constructor(engine: SqlEngine, builder: Builder, bounds: StorageBounds) {
    const find = builder.dialect === "postgres" ? postgresFinder(builder) : plainFinder(builder);
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

async function findAll(engine: SqlEngine, find: Finder, keys: readonly AccountKey[]): Promise<boolean[]> {
  const asked = new Map(keys.map(({ domain, local }) => [`${domain}\0${local}`, { domain, local_part: local }]));
  const found = await engine.read(find([...asked.values()]));
  const there = new Set(found.map(({ domain, local_part }) => `${domain}\0${local_part}`));
  return keys.map(({ domain, local }) => there.has(`${domain}\0${local}`));
}

/** One text whatever the number of accounts, so that it stays prepared. */
function postgresFinder(builder: Builder): Finder {
  const { find } = compiled("accountsMany", builder, ({ db }) => ({
    find: statement<{ rows: string }, Found>("accounts.existMany", {
      compile: () =>
        kysely().sql<Found>`select a.domain, a.local_part from json_to_recordset(${param<string>("rows")}::json)
          as r (domain text, local_part text) join accounts a
          on a.domain = r.domain collate "C" and a.local_part = r.local_part collate "C"`.compile(db),
    }),
  }));
  return (keys) => bind(find, { rows: JSON.stringify(keys) });
}

/** The builder is only asked for its queries when there is one to make: a start does without. */
function plainFinder(builder: Builder): Finder {
  return (keys) =>
    once(
      builder.db
        .selectFrom("accounts")
        .where((eb) => eb.or(keys.map((key) => eb.and({ domain: key.domain, local_part: key.local_part }))))
        .select(["domain", "local_part"]),
    );
}
