// Bounds on XML from outside, and how breaking them or the rules of XML is told.
import type { StanzaBounds } from "../bounds.ts";

/** Stream errors that the XML layer itself finds. RFC 6120 §4.9.3. */
export type XmlErrorCondition =
  /** XML that cannot be processed though it is well-formed, e.g. text directly in a stream. §4.9.3.1 */
  | "bad-format"
  /** The root is no stream of `http://etherx.jabber.org/streams`. §4.9.3.10 */
  | "invalid-namespace"
  /** Breaks the rules of XML or of Namespaces in XML. §4.9.3.13 */
  | "not-well-formed"
  /** Exceeds `XmlLimits`. §4.9.3.14 */
  | "policy-violation"
  /** Comment, processing instruction, DTD, entity reference beyond the five. §4.9.3.18, §11.1 */
  | "restricted-xml"
  /** The XML declaration names an encoding other than UTF-8. §4.9.3.22, §11.6 */
  | "unsupported-encoding";

/** Why text was refused. */
export class XmlFailure extends Error {
  override name = "XmlFailure";
  readonly condition: XmlErrorCondition;
  readonly text: string;

  constructor(condition: XmlErrorCondition, text: string) {
    super(`${condition}: ${text}`);
    this.condition = condition;
    this.text = text;
  }
}

/** Bounds on one element directly in a stream (and on the stream header). */
export interface XmlLimits {
  /** UTF-8 bytes of the whole element. */
  readonly maxElementBytes: number;
  /** Nesting, 1 for an element without children. */
  readonly maxDepth: number;
  /** Attributes of one element, namespace declarations included. */
  readonly maxAttributes: number;
  /** Elements within one, itself included; undefined for any number. */
  readonly maxElements?: number;
  /** UTF-16 units of a name. */
  readonly maxNameLength: number;
  /** Prefix declarations in scope at once, those of the header included. */
  readonly maxNamespaceDeclarations: number;
  /**
   * True where depth, attributes, elements, names and declarations over a bound are a flaw of their element, which is
   * told with it, and not the end of the stream: one stanza's fault is that stanza's.
   */
  readonly flawsAllowed?: boolean;
}

/** UTF-16 units of a name; namespaces keep names short. */
const LONGEST_NAME = 1024;

/** Bounds where nothing else is said. */
export const DEFAULT_XML_LIMITS: XmlLimits = {
  maxElementBytes: 256 * 1024,
  maxDepth: 64,
  maxAttributes: 64,
  maxNameLength: LONGEST_NAME,
  maxNamespaceDeclarations: 64,
};

/** Bounds of an authenticated stream, on which a stanza beyond them (but for its size) is refused alone. */
export function stanzaLimits({ bytes, depth, attributes, prefixes }: StanzaBounds): XmlLimits {
  return {
    maxElementBytes: bytes,
    maxDepth: depth,
    maxAttributes: attributes,
    maxNameLength: LONGEST_NAME,
    maxNamespaceDeclarations: prefixes,
    flawsAllowed: true,
  };
}
