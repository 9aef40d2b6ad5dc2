// Start tags met before, found again by their text, so that those all stanzas share are checked and split but once.
import type { Name } from "./names.ts";
import { isContentNamespace, NS_CLIENT } from "./namespaces.ts";
import type { ChildHead } from "./raw-element.ts";
import { unshared } from "./unshared.ts";

/** A good start tag (or empty-element tag) without prefix whose only attribute, if any, is `xmlns`. */
export interface KnownTag {
  /** From after "<" to ">", both quotes and white space as written. */
  readonly text: string;
  readonly name: Name;
  /** The default namespace it declares. */
  readonly xmlns: string | undefined;
  readonly empty: boolean;
  /** It declares a content namespace other than the clients', which must not go out as it stands. */
  readonly foreign: boolean;
  /** The head it last gave a child of the root. */
  head: ChildHead;
}

// Direct-mapped and never larger: tags made up by a peer only push others out.
const SIZE = 512;
const LONGEST = 128;
const table: (KnownTag | undefined)[] = new Array(SIZE).fill(undefined);

function slot(source: string, start: number, end: number): number {
  const length = end - start;
  return (
    (length * 31 +
      source.charCodeAt(start) * 7 +
      source.charCodeAt(start + (length >> 1)) * 131 +
      source.charCodeAt(start + length - (length >> 2) - 1) * 1031) &
    (SIZE - 1)
  );
}

/** The known tag that stands in `source` from `start` (after "<") on. */
export function knownTag(source: string, start: number): KnownTag | undefined {
  // In a tag with ">" in a value this end is wrong, and nothing will be found. What is found ends here, since the same
  // text was a whole tag before.
  const end = source.indexOf(">", start) + 1;
  const length = end - start;
  if (length <= 1 || length > LONGEST) return undefined;
  const known = table[slot(source, start, end)];
  // slice and === is what V8 compares fastest.
  return known !== undefined && known.text.length === length && source.slice(start, end) === known.text
    ? known
    : undefined;
}

/** Keeps a tag that has been checked, from `start` (after "<") to `end` (after ">"). */
export function learnTag(source: string, start: number, end: number, name: Name, xmlns: string | undefined): void {
  if (end - start > LONGEST) return;
  table[slot(source, start, end)] = {
    text: unshared(source.slice(start, end)),
    name,
    xmlns: xmlns === undefined ? undefined : unshared(xmlns),
    empty: source.charCodeAt(end - 2) === 47,
    foreign: xmlns !== undefined && xmlns !== NS_CLIENT && isContentNamespace(xmlns),
    head: { name: name.local, xmlns: unshared(xmlns ?? "") },
  };
}
