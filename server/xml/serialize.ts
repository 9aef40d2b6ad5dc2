// Trees to text. XML 1.0 §2.4, Namespaces in XML 1.0 §6.
import type { Element } from "ltx";
import { escapeAttribute, escapeText } from "./escape.ts";
import { NS_XML } from "./namespaces.ts";

/** Text of an element as its tree says, white space kept by references where XML would change it. */
export function serialize(element: Element): string {
  let head = `<${element.name}`;
  const { attrs } = element;
  for (const name of Object.keys(attrs)) head += attribute(name, attrs[name]);
  let inner = "";
  for (const child of element.children) inner += isElement(child) ? serialize(child) : characters(child);
  return inner === "" ? `${head}/>` : `${head}>${inner}</${element.name}>`;
}

/**
 * Text of an element whose name, and those within, are without prefix; `inherited` is the default namespace where it
 * is to stand. Prefixes of attributes stay, and so do their declarations.
 */
export function serializeUnprefixed(element: Element, inherited: string): string {
  const { attrs } = element;
  const own = element.getNS() ?? inherited;
  // Elements of the xml: namespace have no other way to be written. Namespaces in XML 1.0 §3.
  const reserved = own === NS_XML;
  const xmlns = reserved ? inherited : own;
  const name = reserved ? `xml:${element.getName()}` : element.getName();
  let head = `<${name}`;
  if (xmlns !== inherited) head += attribute("xmlns", xmlns);
  for (const key of Object.keys(attrs)) if (key !== "xmlns") head += attribute(key, attrs[key]);
  const inner = serializeChildren(element, xmlns);
  return inner === "" ? `${head}/>` : `${head}>${inner}</${name}>`;
}

/** Text of what is within an element, as `serializeUnprefixed` writes it. */
export function serializeChildren(element: Element, inherited: string): string {
  let inner = "";
  for (const child of element.children)
    inner += isElement(child) ? serializeUnprefixed(child, inherited) : characters(child);
  return inner;
}

function isElement(child: unknown): child is Element {
  return typeof child === "object" && child !== null;
}

function characters(child: unknown): string {
  return child === undefined || child === null ? "" : escapeText(String(child));
}

function attribute(name: string, value: unknown): string {
  return value === undefined || value === null ? "" : ` ${name}='${escapeAttribute(String(value))}'`;
}
