// XML text to trees.
import type { Element } from "ltx";
import { buildTree } from "./build-tree.ts";
import { parseDocument } from "./document.ts";
import { DEFAULT_XML_LIMITS, XmlFailure } from "./limits.ts";

export { buildTree } from "./build-tree.ts";

/**
 * Parses one element, for storage and tests. `defaultNamespace` is that of the element where it declares none.
 * @throws XmlFailure
 */
export function parseElement(text: string, defaultNamespace = ""): Element {
  const raw = parseDocument(text.trim(), STORED_LIMITS, defaultNamespace);
  if (raw instanceof XmlFailure) throw raw;
  return buildTree(raw);
}

/** What was let in once may be read again, with what stamping has added. */
const STORED_LIMITS = { ...DEFAULT_XML_LIMITS, maxElementBytes: 64 * 1024 * 1024 };
