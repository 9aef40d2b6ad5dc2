// A module's documents: one kind of small texts of accounts, as values.
import type { z } from "zod";
import { whileChanging } from "../cluster/shared/compare-and-set.ts";
import type { DocumentStore } from "../documents/port.ts";

/** How values are kept as text. */
export interface DocumentText<T> {
  toText(value: T): string;
  /** What it throws for a text that is none fails whatever asked for it. */
  fromText(text: string): T;
}

/** A kind of documents. */
export interface DocumentKind<T> extends DocumentText<T> {
  /** A word that no other module of the host uses: it is what the store knows them by, and stays for good. At most 64 bytes. */
  readonly name: string;
}

/** Values that are texts. */
export const TEXT: DocumentText<string> = { toText: (value) => value, fromText: (text) => text };

/** Values as JSON, checked by a schema when they are read. */
export function json<T>(schema: z.ZodType<T>): DocumentText<T> {
  return { toText: (value) => JSON.stringify(value), fromText: (text) => schema.parse(JSON.parse(text)) };
}

/**
 * The documents of one kind of a host's accounts, by localpart (empty: the host's own) and key (at most 4096 bytes). They
 * go with their account, and are exported with it. Every one throws StoreUnavailable where the store does not answer, and
 * UnstorableText for a key that is none.
 */
export interface Documents<T> {
  get(local: string, key: string): Promise<T | undefined>;
  put(local: string, key: string, value: T): Promise<void>;
  /**
   * Makes of a value what `work` answers, undefined to remove it: nobody changes it between, at whatever node. `work` may
   * be asked again, with what another made of it; what it throws changes nothing. Resolves with what is there afterwards.
   */
  change(local: string, key: string, work: (before: T | undefined) => T | undefined): Promise<T | undefined>;
  /** False where it was not there. */
  remove(local: string, key: string): Promise<boolean>;
  /** All of an account, in order of their keys. */
  all(local: string): Promise<{ readonly key: string; readonly value: T }[]>;
  count(local: string): Promise<number>;
}

/** A kind of documents in their store, which is asked for each time. */
export function documentsOf<T>(store: () => DocumentStore, domain: string, kind: DocumentKind<T>): Documents<T> {
  const at = (local: string, key: string) => ({ domain, local, kind: kind.name, key });
  const parsed = (text: string | undefined) => (text === undefined ? undefined : kind.fromText(text));
  const get = (local: string, key: string) => store().get(domain, local, kind.name, key);
  return {
    get: async (local, key) => parsed(await get(local, key)),
    put: (local, key, value) => store().put({ ...at(local, key), text: kind.toText(value) }),
    async change(local, key, work) {
      const { after } = await whileChanging(async () => {
        const before = await get(local, key);
        const value = work(parsed(before));
        if (value === undefined) {
          const gone = before === undefined || (await store().removeAs({ ...at(local, key), text: before }));
          return gone ? { after: value } : undefined;
        }
        return (await store().replace({ ...at(local, key), text: kind.toText(value) }, before))
          ? { after: value }
          : undefined;
      });
      return after;
    },
    remove: (local, key) => store().remove(domain, local, kind.name, key),
    all: async (local) =>
      (await store().list(domain, local, kind.name)).map(({ key, text }) => ({ key, value: kind.fromText(text) })),
    count: (local) => store().count(domain, local, kind.name),
  };
}
