// XML as trees to compare, whoever parsed it: our tree, saxes, and Python's expat and libxml2.
import { spawnSync } from "node:child_process";
import type { Element } from "ltx";
import { isContentNamespace, NS_CLIENT, NS_XML } from "../../xmpp/xml/namespaces.ts";
import type { XmlNode } from "../harness/xml-node.ts";

/** Name as `{namespace}local`, attributes without declarations by the same names, content in order. */
export type Tree = readonly [name: string, attributes: readonly (readonly [string, string])[], content: Content];
type Content = readonly (Tree | string)[];

/** The tree as we have it. */
export function ofElement(element: Element): Tree {
  const attributes: [string, string][] = [];
  for (const [name, value] of Object.entries(element.attrs)) {
    if (name === "xmlns" || name.startsWith("xmlns:")) continue;
    const colon = name.indexOf(":");
    const namespace = colon === -1 ? "" : (namespaceOf(element, name.slice(0, colon)) ?? "");
    attributes.push([expanded(namespace, name.slice(colon + 1)), String(value)]);
  }
  const content = element.children.map((child) => (typeof child === "string" ? child : ofElement(child as Element)));
  return [expanded(element.getNS() ?? "", element.getName()), attributes, content];
}

function namespaceOf(element: Element, prefix: string): string | undefined {
  return prefix === "xml" ? NS_XML : element.findNS(prefix);
}

function expanded(namespace: string, local: string): string {
  return namespace === "" ? local : `{${namespace}}${local}`;
}

/** The tree as saxes has it. */
export function ofNode({ ns, name, attributes, children }: XmlNode): Tree {
  const list = [...attributes].map(([key, value]): [string, string] => [
    key.startsWith("xml:") ? expanded(NS_XML, key.slice(4)) : key,
    value,
  ]);
  return [expanded(ns, name), list, children.map((child) => (typeof child === "string" ? child : ofNode(child)))];
}

/**
 * The tree as text that is the same for trees that are: attributes in order, text in one piece. Content of streams is
 * the clients', and attributes of it are none (`furtherAttributes`).
 */
export function normal([name, attributes, content]: Tree): string {
  const list = attributes.filter(([key]) => !isContentNamespace(namespaceIn(key)));
  const sorted = list.map(([key, value]) => `${key}=${JSON.stringify(value)}`).sort();
  let text = `(${isContentNamespace(namespaceIn(name)) ? expanded(NS_CLIENT, localIn(name)) : name} ${sorted.join(" ")}`;
  let run = "";
  for (const child of content) {
    if (typeof child === "string") run += child;
    else {
      if (run !== "") text += JSON.stringify(run);
      run = "";
      text += normal(child);
    }
  }
  return `${text}${run === "" ? "" : JSON.stringify(run)})`;
}

function namespaceIn(name: string): string {
  return name.startsWith("{") ? name.slice(1, name.lastIndexOf("}")) : "";
}

function localIn(name: string): string {
  return name.slice(name.lastIndexOf("}") + 1);
}

/** What a parser makes of a document: its tree, or why it takes none. */
export type Reading = { readonly tree: Tree } | { readonly refused: string };

/** What the parsers of others make of one document: expat with any of the separators that are in use, and libxml2. */
export interface Readings {
  readonly expat: readonly Reading[];
  readonly libxml2: Reading;
}

const READER = `
import json, sys, xml.parsers.expat as e
from lxml import etree

def by_expat(text, separator):
    stack, root = [], []
    def name(n):
        parts = n.split(separator)
        return n if len(parts) == 1 else "{%s}%s" % (parts[0], parts[1])
    def start(n, attributes):
        element = [name(n), [[name(k), v] for k, v in attributes.items()], []]
        (stack[-1][2] if stack else root).append(element)
        stack.append(element)
    parser = e.ParserCreate("UTF-8", separator)
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda n: stack.pop()
    parser.CharacterDataHandler = lambda data: stack[-1][2].append(data)
    parser.Parse(text.encode("utf-8"), True)
    return root[0]

def of_lxml(element):
    content = [element.text] if element.text else []
    for child in element:
        content.append(of_lxml(child))
        if child.tail: content.append(child.tail)
    return [element.tag, [[k, v] for k, v in element.attrib.items()], content]

def by_libxml2(text):
    return of_lxml(etree.fromstring(text.encode("utf-8"), etree.XMLParser(resolve_entities=False, no_network=True)))

def reading(read, *args):
    try:
        return {"tree": read(*args)}
    except (e.ExpatError, etree.XMLSyntaxError) as error:
        return {"refused": str(error)}

out = []
for text in json.load(sys.stdin):
    out.append({"expat": [reading(by_expat, text, s) for s in ("}", " ", "\\n", "\\x01")], "libxml2": reading(by_libxml2, text)})
json.dump(out, sys.stdout)
`;

/** Has documents read by a Python that has both. @throws Error with what it said */
export function readByOthers(python: string, documents: readonly string[]): readonly Readings[] {
  const { stdout, stderr, status } = spawnSync(python, ["-c", READER], {
    input: JSON.stringify(documents),
    encoding: "utf8",
    maxBuffer: 1 << 29,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as readonly Readings[];
}
