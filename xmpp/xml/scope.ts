// Namespace declarations in scope while an element is scanned. Namespaces in XML 1.0 §5, §6.
import { NS_XML } from "./namespaces.ts";
import { unshared } from "./unshared.ts";

const NS_XMLNS = "http://www.w3.org/2000/xmlns/";

/** Why a declaration is refused; undefined for a good one. Namespaces in XML 1.0 §3. */
export function declarationFault(prefix: string, namespace: string): string | undefined {
  if (namespace === NS_XMLNS || prefix === "xmlns") return "xmlns may not be declared";
  if ((prefix === "xml") !== (namespace === NS_XML)) return "xml may not be declared otherwise";
  if (prefix !== "" && namespace.trim() === "") return "a prefix cannot be undeclared";
  return undefined;
}

// Direct-mapped and never larger: namespaces made up by a peer only push others out.
const SIZE = 512;
const LONGEST = 256;
const known: string[] = new Array(SIZE).fill("");

/** Those of them that every parser takes. */
const common: string[] = new Array(SIZE).fill("");

function slotOf(value: string): number {
  const { length } = value;
  return (length * 31 + value.charCodeAt(length >> 1) * 131 + value.charCodeAt(length - 1) * 1031) & (SIZE - 1);
}

/** The same namespace name, as one text for all, which keeps no text of a stream alive. */
export function namespaceOf(value: string): string {
  const { length } = value;
  if (length === 0) return value;
  if (length > LONGEST) return unshared(value);
  const slot = slotOf(value);
  const found = known[slot] as string;
  if (found === value) return found;
  const own = unshared(value);
  known[slot] = own;
  return own;
}

/**
 * True for a namespace name that is no URI reference, as it has to be: some parser does not take it. Namespaces in XML
 * 1.0 §2.1, RFC 3986 §4.1; COMPAT(expat, 2.4.5): it refuses what it separates names by, often a space or "}";
 * COMPAT(libxml2, 2.9): it refuses whatever is no reference, so that what is built on it ends the stream.
 */
export function isOddNamespace(namespace: string): boolean {
  const slot = slotOf(namespace);
  if (common[slot] === namespace) return false;
  if (!REFERENCE.test(namespace)) return true;
  if (namespace.length <= LONGEST) common[slot] = unshared(namespace);
  return false;
}

// Each part ends where the next can begin, so that no text is tried twice: names may be as long as a stanza.
const CHARACTER = "(?:[-\\w.~!$&'()*+,;=]|%[0-9A-Fa-f]{2})";
const SEGMENTS = `(?:${CHARACTER}|[:@/])*`;
const AUTHORITY = `(?:(?:${CHARACTER}|:)*@)?(?:\\[[0-9A-Fa-f:.]+\\]|${CHARACTER}*)(?::\\d{1,9})?(?:/${SEGMENTS})?`;
/** Without a scheme its first segment has no colon. RFC 3986 §4.2 */
const RELATIVE = `(?!//|(?:${CHARACTER}|@)*:)${SEGMENTS}`;
const REFERENCE = new RegExp(
  `^(?:[A-Za-z][-+.A-Za-z0-9]*:(?://${AUTHORITY}|(?!//)${SEGMENTS})|//${AUTHORITY}|${RELATIVE})` +
    `(?:\\?(?:${CHARACTER}|[:@/?])*)?(?:#(?:${CHARACTER}|[:@/?])*)?$`,
);

/** Prefix declarations as a stack; the first ones may be those of the stream header. */
export class Scope {
  private readonly prefixes: string[] = [];
  private readonly namespaces: string[] = [];
  size = 0;
  /** How many of the declarations are outside the element that is being scanned. */
  outer = 0;
  /** Outer declarations that the element used. */
  used: Map<string, string> | undefined;

  bind(prefix: string, namespace: string): void {
    this.prefixes[this.size] = prefix;
    this.namespaces[this.size] = namespace;
    this.size++;
  }

  /** The namespace a prefix stands for; undefined where it is unbound. */
  resolve(prefix: string): string | undefined {
    if (prefix === "xml") return NS_XML;
    for (let k = this.size - 1; k >= 0; k--) {
      if (this.prefixes[k] !== prefix) continue;
      const namespace = this.namespaces[k] as string;
      if (k < this.outer) {
        this.used ??= new Map();
        this.used.set(prefix, namespace);
      }
      return namespace;
    }
    return undefined;
  }

  /** All declarations, inner ones winning. */
  toMap(): Map<string, string> {
    const map = new Map<string, string>();
    for (let k = 0; k < this.size; k++) map.set(this.prefixes[k] as string, this.namespaces[k] as string);
    return map;
  }

  clear(): void {
    this.size = 0;
    this.outer = 0;
    this.used = undefined;
  }
}
