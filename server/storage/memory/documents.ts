// Documents of accounts in memory.
import type { DocumentStore } from "../../ports/store.ts";
import { checkDocument, checkText, compareKeys, indexKey, TEXT_BYTES } from "../text.ts";
import { findShelf, type Shelves, shelfOf } from "./accounts.ts";

/** Documents in memory. */
export class MemoryDocuments implements DocumentStore {
  readonly #shelves: Shelves;

  constructor(shelves: Shelves) {
    this.#shelves = shelves;
  }

  async get(domain: string, local: string, kind: string, key: string): Promise<string | undefined> {
    checkDocument(kind, key);
    return findShelf(this.#shelves, domain, local)?.documents.get(kind)?.get(indexKey(key))?.text;
  }

  async put(domain: string, local: string, kind: string, key: string, text: string): Promise<void> {
    checkDocument(kind, key);
    checkText(text, "document", TEXT_BYTES);
    const { documents } = shelfOf(this.#shelves, domain, local);
    const ofKind = documents.get(kind) ?? new Map<string, { key: string; text: string }>();
    documents.set(kind, ofKind.set(indexKey(key), { key, text }));
  }

  async replace(
    domain: string,
    local: string,
    kind: string,
    key: string,
    before: string | undefined,
    text: string,
  ): Promise<boolean> {
    checkDocument(kind, key);
    checkText(text, "document", TEXT_BYTES);
    const there = findShelf(this.#shelves, domain, local)?.documents.get(kind)?.get(indexKey(key))?.text;
    if (there !== before) return false;
    // Within the same turn: nobody comes between.
    void this.put(domain, local, kind, key, text);
    return true;
  }

  async remove(domain: string, local: string, kind: string, key: string): Promise<boolean> {
    checkDocument(kind, key);
    return findShelf(this.#shelves, domain, local)?.documents.get(kind)?.delete(indexKey(key)) ?? false;
  }

  async count(domain: string, local: string, kind: string): Promise<number> {
    checkDocument(kind, "");
    return findShelf(this.#shelves, domain, local)?.documents.get(kind)?.size ?? 0;
  }

  async list(domain: string, local: string, kind: string): Promise<{ key: string; text: string }[]> {
    checkDocument(kind, "");
    const entries = [...(findShelf(this.#shelves, domain, local)?.documents.get(kind) ?? [])];
    return entries.sort(([a], [b]) => compareKeys(a, b)).map(([, document]) => ({ ...document }));
  }
}
