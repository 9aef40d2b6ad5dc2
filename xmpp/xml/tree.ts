// Text that this server wrote or let in before, parsed again: into trees, or as the tokenizer finds it.
import type { Element } from "ltx";
import { buildTree } from "./build-tree.ts";
import { parseDocument } from "./document.ts";
import { XmlFailure, type XmlLimits } from "./limits.ts";
import type { RawElement } from "./raw-element.ts";

export { buildTree } from "./build-tree.ts";

/**
 * Parses one element that is stored or was handed on by another node. `defaultNamespace` is that of the element where it
 * declares none. @throws XmlFailure
 */
export function parseElement(text: string, defaultNamespace = ""): Element {
  return buildTree(parseOwn(text, defaultNamespace));
}

/** As `parseElement`, without a tree. @throws XmlFailure */
export function parseOwn(text: string, defaultNamespace: string): RawElement {
  const raw = parseDocument(text.trim(), OWN_LIMITS, defaultNamespace);
  if (raw instanceof XmlFailure) throw raw;
  return raw;
}

/**
 * Bounds on own text. What came in at a door's limits has grown since (stamped with addresses, wrapped, delayed), and
 * limits may have been narrowed meanwhile: nothing that was let in once may fail here. Depth is bound because trees are
 * walked by recursion.
 */
export const OWN_LIMITS: XmlLimits = {
  maxElementBytes: 256 * 1024 * 1024,
  maxDepth: 1_000,
  maxAttributes: 4_096,
  maxNameLength: 1024 * 1024,
  maxNamespaceDeclarations: 100_000,
};
