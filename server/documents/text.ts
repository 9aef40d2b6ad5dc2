// What a document's kind and key may be.
import { checkText } from "../storage/backend/text.ts";

/** Bytes of a document's kind. */
export const KIND_BYTES = 64;
/** Bytes of a document's key: a namespace and a name. */
export const DOCUMENT_KEY_BYTES = 4096;

/** Checks a document's kind and key. @throws UnstorableText */
export function checkDocument(kind: string, key: string): void {
  checkText(kind, "document's kind", KIND_BYTES);
  checkText(key, "document's key", DOCUMENT_KEY_BYTES);
}
