// Documents of accounts in memory.

import { checkText, compareKeys, indexKey, TEXT_BYTES } from "../storage/backend/text.ts";
import { ByAccount } from "../storage/memory/by-account.ts";
import type { MemoryStore } from "../storage/memory/way.ts";
import type { AccountDocument, DocumentStore, KeptDocument } from "./port.ts";
import { checkDocument } from "./text.ts";

/** A new, empty store. */
export function memoryDocuments(): MemoryStore<DocumentStore> {
  const kept: Kept = new ByAccount();
  return { store: new MemoryDocuments(kept), purge: (account) => void kept.delete(account) };
}

/** Kind → index key → document. */
type Kept = ByAccount<Map<string, Map<string, { key: string; text: string }>>>;

/** Documents in memory. */
class MemoryDocuments implements DocumentStore {
  readonly #kept: Kept;

  constructor(kept: Kept) {
    this.#kept = kept;
  }

  async get(domain: string, local: string, kind: string, key: string): Promise<string | undefined> {
    checkDocument(kind, key);
    return this.#kept.get(domain, local)?.get(kind)?.get(indexKey(key))?.text;
  }

  async put({ domain, local, kind, key, text }: AccountDocument): Promise<void> {
    checkDocument(kind, key);
    checkText(text, "document", TEXT_BYTES);
    const kinds = this.#kept.need(domain, local, () => new Map());
    const ofKind = kinds.get(kind) ?? new Map<string, { key: string; text: string }>();
    kinds.set(kind, ofKind.set(indexKey(key), { key, text }));
  }

  async replace(document: AccountDocument, before: string | undefined): Promise<boolean> {
    const { domain, local, kind, key, text } = document;
    checkDocument(kind, key);
    checkText(text, "document", TEXT_BYTES);
    const there = this.#kept.get(domain, local)?.get(kind)?.get(indexKey(key))?.text;
    if (there !== before) return false;
    // Within the same turn: nobody comes between.
    void this.put(document);
    return true;
  }

  async remove(domain: string, local: string, kind: string, key: string): Promise<boolean> {
    checkDocument(kind, key);
    return this.#kept.get(domain, local)?.get(kind)?.delete(indexKey(key)) ?? false;
  }

  async removeAs({ domain, local, kind, key, text }: AccountDocument): Promise<boolean> {
    checkDocument(kind, key);
    const there = this.#kept.get(domain, local)?.get(kind)?.get(indexKey(key));
    return there?.text === text && this.remove(domain, local, kind, key);
  }

  async count(domain: string, local: string, kind: string): Promise<number> {
    checkDocument(kind, "");
    return this.#kept.get(domain, local)?.get(kind)?.size ?? 0;
  }

  async list(domain: string, local: string, kind: string): Promise<{ key: string; text: string }[]> {
    checkDocument(kind, "");
    const entries = [...(this.#kept.get(domain, local)?.get(kind) ?? [])];
    return entries.sort(([a], [b]) => compareKeys(a, b)).map(([, document]) => ({ ...document }));
  }

  async every(
    domain: string,
    local: string,
    after: Pick<KeptDocument, "kind" | "key"> | undefined,
    limit: number,
  ): Promise<KeptDocument[]> {
    const kinds = [...(this.#kept.get(domain, local)?.keys() ?? [])].sort(compareKeys);
    const found: KeptDocument[] = [];
    for (const kind of kinds)
      for (const { key, text } of await this.list(domain, local, kind)) {
        const order =
          after === undefined ? 1 : compareKeys(kind, after.kind) || compareKeys(indexKey(key), indexKey(after.key));
        if (order > 0) found.push({ kind, key, text });
      }
    return found.slice(0, Math.max(0, limit));
  }
}
