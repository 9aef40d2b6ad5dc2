// Trees to text, no longer than allowed. XML 1.0 §2.4, Namespaces in XML 1.0 §6.
import type { Element } from "ltx";
import { escapeAttribute, escapeText } from "./escape.ts";
import { isContentNamespace, NS_CLIENT, NS_XML } from "./namespaces.ts";

/** Text of an element as its tree says, white space kept by references where XML would change it. */
export function serialize(element: Element): string {
  let head = `<${element.name}`;
  const { attrs } = element;
  for (const name of Object.keys(attrs)) head += attribute(name, attrs[name]);
  let inner = "";
  for (const child of element.children) inner += isElement(child) ? serialize(child) : characters(child);
  return inner === "" ? `${head}/>` : `${head}>${inner}</${element.name}>`;
}

/** What may still be written, in UTF-16 units; a declaration that each of many elements repeats must not add up. */
export interface Room {
  left: number;
}

/**
 * Text of an element whose name, and those within, are without prefix; `inherited` is the default namespace where it
 * is to stand. Prefixes of attributes stay, and so do their declarations. Content namespaces of other streams become
 * the clients', wherever they stand: what is content in one stream must be no other thing in the next. What is
 * written once there is no `room` is not whole.
 */
export function serializeUnprefixed(element: Element, inherited: string, room: Room = { left: Infinity }): string {
  const own = inStreams(element.getNS() ?? inherited);
  // Elements of the xml: namespace have no other way to be written. Namespaces in XML 1.0 §3.
  const reserved = own === NS_XML;
  const xmlns = reserved ? inherited : own;
  const name = reserved ? `xml:${element.getName()}` : element.getName();
  let head = `<${name}`;
  if (xmlns !== inherited) head += attribute("xmlns", xmlns);
  head += furtherAttributes(element, NOT_FURTHER);
  room.left -= head.length + 2;
  const inner = serializeChildren(element, xmlns, room);
  if (inner === "") return `${head}/>`;
  room.left -= name.length + 2;
  return `${head}>${inner}</${name}>`;
}

/** Text of what is within an element, as `serializeUnprefixed` writes it. */
export function serializeChildren(element: Element, inherited: string, room: Room = { left: Infinity }): string {
  let inner = "";
  for (const child of element.children) {
    if (room.left < 0) break;
    if (isElement(child)) inner += serializeUnprefixed(child, inherited, room);
    else {
      const text = characters(child);
      room.left -= text.length;
      inner += text;
    }
  }
  return inner;
}

const NOT_FURTHER: ReadonlySet<string> = new Set(["xmlns"]);

/**
 * Attributes but for the ones named, each with a space before it. Prefixes of content namespaces are left out, and what
 * has one: no attribute is defined there, and elements need them no more.
 */
export function furtherAttributes(element: Element, without: ReadonlySet<string>): string {
  const { attrs } = element;
  let text = "";
  for (const key of Object.keys(attrs)) {
    if (without.has(key)) continue;
    const colon = key.indexOf(":");
    const ofContent = colon !== -1 && isContentNamespace(prefixed(element, key, colon));
    if (!ofContent) text += attribute(key, attrs[key]);
  }
  return text;
}

/** The namespace that an attribute with a prefix declares or belongs to. */
function prefixed(element: Element, key: string, colon: number): string {
  const prefix = key.slice(0, colon);
  return prefix === "xmlns" ? String(element.attrs[key]) : (element.findNS(prefix) ?? "");
}

/** The namespace as it stands in every stream: content is the clients'. */
function inStreams(namespace: string): string {
  return isContentNamespace(namespace) ? NS_CLIENT : namespace;
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
