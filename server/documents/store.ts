// The store of documents: small texts of accounts that several features keep.
import { defineStore } from "../storage/define.ts";
import { memoryDocuments } from "./memory.ts";
import { documentsTable } from "./migrations/0001-documents.ts";
import type { DocumentStore, KeptDocument } from "./port.ts";
import { SECRET_KINDS } from "./secret-kinds.ts";
import { sqlDocuments } from "./sql.ts";

/** Documents read at a time: one may have some mebibytes. */
const PAGE = 20;

/** Documents of accounts. */
export const DOCUMENTS = defineStore<DocumentStore>({
  name: "documents",
  sql: { migrations: [documentsTable], make: sqlDocuments },
  memory: { make: memoryDocuments },
  async *exported(documents, { domain, local }) {
    let last: KeptDocument | undefined;
    do {
      const page: KeptDocument[] = await documents.every(domain, local, last, PAGE);
      yield* page.filter(({ kind }) => !SECRET_KINDS.has(kind));
      last = page.at(-1);
    } while (last !== undefined);
  },
});
