// Documents of accounts in SQL.

import { checkAccount, checkText, indexKey, TEXT_BYTES } from "../storage/backend/text.ts";
import type { DialectName } from "../storage/sql/dialect.ts";
import type { SqlEngine } from "../storage/sql/engine.ts";
import { bind, statement } from "../storage/sql/statement.ts";
import type { SqlParts, SqlStore } from "../storage/sql/way.ts";
import { exactly, insertOrIgnore, insertOrUpdate } from "../storage/sql/words.ts";
import type { AccountDocument, DocumentStore, KeptDocument } from "./port.ts";
import { checkDocument } from "./text.ts";

/** The store on an engine whose tables are there. */
export function sqlDocuments({ engine }: SqlParts): SqlStore<DocumentStore> {
  const sql = statements(engine.dialect);
  return {
    store: new SqlDocuments(engine, sql),
    *purge({ domain, local }) {
      yield bind(sql.purge, { domain, local });
    },
  };
}

/** Documents in SQL. */
class SqlDocuments implements DocumentStore {
  readonly #engine: SqlEngine;
  readonly #sql: ReturnType<typeof statements>;

  constructor(engine: SqlEngine, sql: ReturnType<typeof statements>) {
    this.#engine = engine;
    this.#sql = sql;
  }

  async get(domain: string, local: string, kind: string, key: string): Promise<string | undefined> {
    checkAccount(domain, local);
    checkDocument(kind, key);
    const [row] = await this.#engine.read(bind(this.#sql.get, { domain, local, kind, index: indexKey(key) }));
    return row?.text;
  }

  async put({ domain, local, kind, key, text }: AccountDocument): Promise<void> {
    checkAccount(domain, local);
    checkDocument(kind, key);
    checkText(text, "document", TEXT_BYTES);
    const row = { domain, local, kind, index: indexKey(key), key, text };
    await this.#engine.change(bind(this.#sql.put, row), { idempotent: true });
  }

  async replace({ domain, local, kind, key, text }: AccountDocument, before: string | undefined): Promise<boolean> {
    checkAccount(domain, local);
    checkDocument(kind, key);
    checkText(text, "document", TEXT_BYTES);
    const row = { domain, local, kind, index: indexKey(key), key, text };
    const query = before === undefined ? bind(this.#sql.add, row) : bind(this.#sql.replace, { ...row, before });
    return (await this.#engine.change(query, { idempotent: false })) > 0;
  }

  async remove(domain: string, local: string, kind: string, key: string): Promise<boolean> {
    checkAccount(domain, local);
    checkDocument(kind, key);
    const row = { domain, local, kind, index: indexKey(key) };
    return (await this.#engine.change(bind(this.#sql.remove, row), { idempotent: false })) > 0;
  }

  async removeAs({ domain, local, kind, key, text }: AccountDocument): Promise<boolean> {
    checkAccount(domain, local);
    checkDocument(kind, key);
    const row = { domain, local, kind, index: indexKey(key), text };
    return (await this.#engine.change(bind(this.#sql.removeAs, row), { idempotent: false })) > 0;
  }

  async list(domain: string, local: string, kind: string): Promise<{ key: string; text: string }[]> {
    checkAccount(domain, local);
    checkDocument(kind, "");
    const rows = await this.#engine.read(bind(this.#sql.list, { domain, local, kind }));
    return rows.map((row) => ({ key: row.document_key, text: row.text }));
  }

  async count(domain: string, local: string, kind: string): Promise<number> {
    checkAccount(domain, local);
    checkDocument(kind, "");
    const [row] = await this.#engine.read(bind(this.#sql.count, { domain, local, kind }));
    return Number(row?.documents ?? 0);
  }

  async every(
    domain: string,
    local: string,
    after: Pick<KeptDocument, "kind" | "key"> | undefined,
    limit: number,
  ): Promise<KeptDocument[]> {
    checkAccount(domain, local);
    const { kind, key } = after ?? { kind: "", key: "" };
    checkDocument(kind, key);
    if (limit < 1) return [];
    // A kind may be empty and a key too: what comes first has nothing before it.
    const index = after === undefined ? "" : indexKey(key);
    const rows = await this.#engine.read(
      bind(after === undefined ? this.#sql.first : this.#sql.next, { domain, local, kind, index, limit }),
    );
    return rows.map((row) => ({ kind: row.kind, key: row.document_key, text: row.text }));
  }
}

type AccountKey = { domain: string; local: string };
type DocumentKey = AccountKey & { kind: string; index: string };
type Row = { kind: string; document_key: string; text: string };

const OF_ACCOUNT = "where domain = :domain and local_part = :local";
const OF_KIND = `${OF_ACCOUNT} and kind = :kind`;
const OF_KEY = `${OF_KIND} and index_key = :index`;
const INTO = `documents (domain, local_part, kind, index_key, document_key, text)
  values (:domain, :local, :kind, :index, :key, :text)`;

function statements(dialect: DialectName) {
  const every = (behind: string) => `select kind, document_key, text from documents ${OF_ACCOUNT} ${behind}
    order by kind, index_key limit :limit`;
  return {
    get: statement<DocumentKey, { text: string }>(dialect, "documents.get", `select text from documents ${OF_KEY}`),
    list: statement<AccountKey & { kind: string }, Row>(
      dialect,
      "documents.list",
      `select document_key, text from documents ${OF_KIND} order by index_key`,
    ),
    count: statement<AccountKey & { kind: string }, { documents: number | string | bigint }>(
      dialect,
      "documents.count",
      `select count(*) as documents from documents ${OF_KIND}`,
    ),
    first: statement<DocumentKey & { limit: number }, Row>(dialect, "documents.first", every("")),
    next: statement<DocumentKey & { limit: number }, Row>(
      dialect,
      "documents.next",
      every("and (kind > :kind or (kind = :kind and index_key > :index))"),
    ),
    put: statement<DocumentKey & { key: string; text: string }, unknown>(
      dialect,
      "documents.put",
      insertOrUpdate(dialect, INTO, "domain, local_part, kind, index_key", "text = :text"),
    ),
    add: statement<DocumentKey & { key: string; text: string }, unknown>(
      dialect,
      "documents.add",
      insertOrIgnore(dialect, INTO),
    ),
    replace: statement<DocumentKey & { before: string; text: string }, unknown>(
      dialect,
      "documents.replace",
      `update documents set text = :text ${OF_KEY} and ${exactly(dialect, "text")} = :before`,
    ),
    remove: statement<DocumentKey, unknown>(dialect, "documents.remove", `delete from documents ${OF_KEY}`),
    removeAs: statement<DocumentKey & { text: string }, unknown>(
      dialect,
      "documents.removeAs",
      `delete from documents ${OF_KEY} and ${exactly(dialect, "text")} = :text`,
    ),
    purge: statement<AccountKey, unknown>(dialect, "documents.purge", `delete from documents ${OF_ACCOUNT}`),
  };
}
