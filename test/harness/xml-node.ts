// XML as the talks see it: small trees with namespaces resolved, read by saxes and not by the server's own tokenizer.
import { SaxesParser, type SaxesTagNS } from "saxes";

/** An element. Equal elements are equal whatever prefixes they were written with. */
export interface XmlNode {
  readonly ns: string;
  readonly name: string;
  /** By local name; `{namespace}name` for attributes of a namespace, `xml:lang` for that one. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (XmlNode | string)[];
}

/** An element under construction. */
export interface OpenNode extends XmlNode {
  readonly attributes: Map<string, string>;
  readonly children: (XmlNode | string)[];
}

const NS_XMLNS = "http://www.w3.org/2000/xmlns/";
const NS_XML = "http://www.w3.org/XML/1998/namespace";

/** The element that a start tag begins. */
export function nodeOf(tag: SaxesTagNS): OpenNode {
  const attributes = new Map<string, string>();
  for (const { uri, local, value } of Object.values(tag.attributes)) {
    if (uri === NS_XMLNS) continue;
    attributes.set(uri === "" ? local : uri === NS_XML ? `xml:${local}` : `{${uri}}${local}`, value);
  }
  return { ns: tag.uri, name: tag.local, attributes, children: [] };
}

/** Reads one whole element. @throws Error where it is not well-formed */
export function parseXml(text: string): XmlNode {
  const parser = new SaxesParser({ xmlns: true, position: false });
  const stack: OpenNode[] = [];
  let root: XmlNode | undefined;
  parser.on("opentag", (tag) => stack.push(nodeOf(tag)));
  parser.on("text", (piece) => {
    if (stack.length > 0) appendText(stack.at(-1) as OpenNode, piece);
  });
  parser.on("cdata", (piece) => appendText(stack.at(-1) as OpenNode, piece));
  parser.on("closetag", () => {
    const node = stack.pop() as OpenNode;
    if (stack.length === 0) root = node;
    else (stack.at(-1) as OpenNode).children.push(node);
  });
  parser.on("error", (error) => {
    throw error;
  });
  parser.write(text).close();
  if (root === undefined) throw new Error("no element");
  return root;
}

/** Adds text, joined to text before it. */
export function appendText(node: OpenNode, piece: string): void {
  const last = node.children.length - 1;
  const before = node.children[last];
  if (typeof before === "string") node.children[last] = before + piece;
  else node.children.push(piece);
}

/** Child elements, without text. */
export function elementsOf(node: XmlNode): XmlNode[] {
  return node.children.filter((child) => typeof child !== "string");
}

/** First child element of that name (and namespace). */
export function childOf(node: XmlNode, name: string, ns?: string): XmlNode | undefined {
  return elementsOf(node).find((child) => child.name === name && (ns === undefined || child.ns === ns));
}

/** Text of the element itself. */
export function textOf(node: XmlNode): string {
  return node.children.filter((child) => typeof child === "string").join("");
}

/** Readable form for transcripts: each namespace declared where it changes. */
export function showXml(node: XmlNode, outer = ""): string {
  let text = `<${node.name}`;
  if (node.ns !== outer) text += ` xmlns="${escapeXml(node.ns)}"`;
  for (const [name, value] of node.attributes) text += ` ${name}="${escapeXml(value)}"`;
  if (node.children.length === 0) return `${text}/>`;
  const inner = node.children.map((child) => (typeof child === "string" ? escapeXml(child) : showXml(child, node.ns)));
  return `${text}>${inner.join("")}</${node.name}>`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
