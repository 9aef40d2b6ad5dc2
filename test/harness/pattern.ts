// Patterns of what must be received: XML with `{*}`, `{$x}`, `{...}`, `{any order}` and `{absent}` in it.
import {
  NS_CLIENT,
  NS_DIALBACK,
  NS_FRAMING,
  NS_SERVER,
  NS_STANZA_ERRORS,
  NS_STREAM,
  NS_STREAM_ERRORS,
} from "../../xmpp/xml/namespaces.ts";
import { parseXml, type XmlNode } from "./xml-node.ts";

/** A pattern of one element. */
export interface ElementPattern {
  readonly ns: string;
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Elements, or one text where there are none. */
  readonly children: readonly ElementPattern[];
  readonly text: string;
  /** `{...}` in the start tag: further attributes are fine. */
  readonly moreAttributes: boolean;
  /** `{...}` as content: further children are fine. */
  readonly moreChildren: boolean;
  /** `{any order}` as content. */
  readonly anyOrder: boolean;
  /** `{no name}` as content: names of children that must not be there. */
  readonly absent: readonly string[];
}

/** What must come next on a wire. */
export type Pattern =
  | { readonly kind: "open"; readonly element: ElementPattern }
  | { readonly kind: "element"; readonly element: ElementPattern }
  | { readonly kind: "close" };

const NO = /\{no ([\w-]+)\}/g;
const MORE = "talk-more-attributes";

/** Reads a pattern; `ns` is the content namespace of the stream. @throws Error where it is not well-formed */
export function parsePattern(text: string, ns: string): Pattern {
  if (/^<\/stream:stream\s*>$/.test(text)) return { kind: "close" };
  const header = /^<stream:stream(\s|>)/.test(text);
  const whole = markOpenTags(header ? text.replace(/\/?>$/, "/>") : text);
  const root = parseXml(`<talk xmlns="${ns}" xmlns:stream="${NS_STREAM}" xmlns:db="${NS_DIALBACK}">${whole}</talk>`);
  const elements = root.children.filter((child) => typeof child !== "string");
  if (elements.length !== 1) throw new Error(`one element is wanted, not ${elements.length}`);
  const element = toPattern(elements[0] as XmlNode);
  // On WebSocket the stream's ends are elements of their own. RFC 7395 §3.4, §3.6.
  if (element.ns === NS_FRAMING && element.name === "close") return { kind: "close" };
  return { kind: header || (element.ns === NS_FRAMING && element.name === "open") ? "open" : "element", element };
}

/** `{...}` inside a start tag is no XML: it becomes an attribute. */
function markOpenTags(text: string): string {
  return text.replace(/<[^<>]*>/g, (tag) =>
    tag.replace(/"[^"]*"|'[^']*'|\{\.\.\.\}/g, (part) => (part === "{...}" ? `${MORE}=""` : part)),
  );
}

function toPattern(node: XmlNode): ElementPattern {
  const attributes = new Map(node.attributes);
  const moreAttributes = attributes.delete(MORE);
  const written = node.children.filter((child) => typeof child === "string").join("");
  const moreChildren = written.includes("{...}");
  const anyOrder = written.includes("{any order}");
  const children = node.children
    .filter((child) => typeof child !== "string")
    .map((child) => toPattern(conditionNamespace(node, child)));
  const absent = [...written.matchAll(NO)].map(([, name]) => name as string);
  const rest = written.replace(NO, "").replaceAll("{...}", "").replaceAll("{any order}", "");
  const text = children.length > 0 || rest.trim() === "" ? rest.trim() : rest;
  return { ns: node.ns, name: node.name, attributes, children, text, moreAttributes, moreChildren, anyOrder, absent };
}

/** Inside an error an unprefixed child stands in the namespace of its conditions: `<error><conflict/></error>`. */
function conditionNamespace(parent: XmlNode, child: XmlNode): XmlNode {
  if (child.ns !== NS_CLIENT && child.ns !== NS_SERVER) return child;
  if (parent.name !== "error") return child;
  if (parent.ns === NS_STREAM) return { ...child, ns: NS_STREAM_ERRORS };
  return parent.ns === NS_CLIENT || parent.ns === NS_SERVER || parent.ns === NS_DIALBACK
    ? { ...child, ns: NS_STANZA_ERRORS }
    : child;
}
