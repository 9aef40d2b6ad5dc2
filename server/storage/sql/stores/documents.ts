// Documents of accounts in SQL.
import type { DocumentStore } from "../../../ports/store.ts";
import { checkAccount, checkDocument, checkText, indexKey, TEXT_BYTES } from "../../text.ts";
import { compiled } from "../compiled.ts";
import type { SqlEngine } from "../engine.ts";
import { kysely } from "../kysely.ts";
import { bind, param, statement } from "../statement.ts";
import type { AccountKey } from "./accounts.ts";
import { type Builder, orIgnore } from "./upsert.ts";

/** Documents in SQL. */
export class SqlDocuments implements DocumentStore {
  readonly #engine: SqlEngine;
  readonly #sql: ReturnType<typeof statements>;

  constructor(engine: SqlEngine, builder: Builder) {
    this.#engine = engine;
    this.#sql = compiled("documents", builder, statements);
  }

  async get(domain: string, local: string, kind: string, key: string): Promise<string | undefined> {
    checkAccount(domain, local);
    checkDocument(kind, key);
    const [row] = await this.#engine.read(bind(this.#sql.get, { domain, local, kind, index: indexKey(key) }));
    return row?.text;
  }

  async put(domain: string, local: string, kind: string, key: string, text: string): Promise<void> {
    checkAccount(domain, local);
    checkDocument(kind, key);
    checkText(text, "document", TEXT_BYTES);
    const row = { domain, local, kind, index: indexKey(key), key, text };
    await this.#engine.change(bind(this.#sql.put, row), { idempotent: true });
  }

  async replace(
    domain: string,
    local: string,
    kind: string,
    key: string,
    before: string | undefined,
    text: string,
  ): Promise<boolean> {
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
}

type CountRow = { documents: number | string | bigint };
type DocumentKey = AccountKey & { kind: string; index: string };

/** MySQL takes texts for equal that differ in spaces at their end. */
function bytesOf(column: string) {
  const { sql } = kysely();
  return sql<string>`cast(${sql.ref(column)} as binary)`;
}

function statements(builder: Builder) {
  const { dialect, db } = builder;
  const ofAccount = { domain: param<string>("domain"), local_part: param<string>("local") };
  const kind = param<string>("kind");
  const index = param<string>("index");
  const text = param<string>("text");
  const ofKind = db
    .selectFrom("documents")
    .where("domain", "=", ofAccount.domain)
    .where("local_part", "=", ofAccount.local_part)
    .where("kind", "=", kind);
  const insert = db
    .insertInto("documents")
    .values({ ...ofAccount, kind, index_key: index, document_key: param<string>("key"), text });
  return {
    get: statement<DocumentKey, { text: string }>(
      "documents.get",
      ofKind.where("index_key", "=", index).select("text"),
    ),
    list: statement<AccountKey & { kind: string }, { document_key: string; text: string }>(
      "documents.list",
      ofKind.select(["document_key", "text"]).orderBy("index_key"),
    ),
    count: statement<AccountKey & { kind: string }, CountRow>(
      "documents.count",
      ofKind.select((eb) => eb.fn.countAll().as("documents")),
    ),
    put: statement<DocumentKey & { key: string; text: string }, unknown>(
      "documents.put",
      dialect === "mysql"
        ? insert.onDuplicateKeyUpdate({ text })
        : insert.onConflict((oc) => oc.columns(["domain", "local_part", "kind", "index_key"]).doUpdateSet({ text })),
    ),
    add: statement<DocumentKey & { key: string; text: string }, unknown>("documents.add", orIgnore(builder, insert)),
    replace: statement<DocumentKey & { before: string; text: string }, unknown>(
      "documents.replace",
      db
        .updateTable("documents")
        .set({ text })
        .where("domain", "=", ofAccount.domain)
        .where("local_part", "=", ofAccount.local_part)
        .where("kind", "=", kind)
        .where("index_key", "=", index)
        .where(dialect === "mysql" ? bytesOf("text") : "text", "=", param<string>("before")),
    ),
    remove: statement<DocumentKey, unknown>(
      "documents.remove",
      db
        .deleteFrom("documents")
        .where("domain", "=", ofAccount.domain)
        .where("local_part", "=", ofAccount.local_part)
        .where("kind", "=", kind)
        .where("index_key", "=", index),
    ),
  };
}
