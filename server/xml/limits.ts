// Bounds on XML from outside, and how breaking them or the rules of XML is told.

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
}

/** Bounds for authenticated streams. */
export const DEFAULT_XML_LIMITS: XmlLimits = {
  maxElementBytes: 256 * 1024,
  maxDepth: 64,
  maxAttributes: 64,
  maxNameLength: 1024,
  maxNamespaceDeclarations: 64,
};
