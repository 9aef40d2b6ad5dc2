// Stanzas that are as much as a client may send, and what of them has to arrive, whichever way they go.
import { ADDED, FROM_CLIENTS } from "../../xmpp/bounds.ts";
import { elementsOf, parseXml, showXml, type XmlNode } from "../harness/xml-node.ts";

/** A stanza at a bound, for a receiver. */
export interface Shape {
  readonly what: string;
  /** Its text. `first` is a child that comes first. */
  text(to: string, id: string, first: string): string;
}

const LONGEST_NAME = 1024;
/** Children of this name are held back from clients that do not look (XEP-0352), where nothing else is there. */
const EVENT = "event";
const NS_EVENT = "http://jabber.org/protocol/pubsub#event";

function times(count: number, one: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => one(i)).join("");
}

/** A message with further attributes and one child. */
function message(to: string, id: string, first: string, more: string, child: string): string {
  return `<message to='${to}' id='${id}' type='chat'${more}>${first}${child}</message>`;
}

function event(attributes: string, content: string): string {
  return `<${EVENT} xmlns='${NS_EVENT}'${attributes}>${content}</${EVENT}>`;
}

/** Filled with the character up to the bound in bytes, to the last one. */
function filled(character: string): Shape["text"] {
  return (to, id, first) => {
    const empty = message(to, id, first, "", event("", ""));
    const left = FROM_CLIENTS.bytes - Buffer.byteLength(empty);
    const count = Math.floor(left / Buffer.byteLength(character));
    const rest = "x".repeat(left - count * Buffer.byteLength(character));
    return message(to, id, first, "", event("", character.repeat(count) + rest));
  };
}

/** With `more` of what `shape` makes beyond the bound. */
export type Overdone = (more: number) => Shape["text"];

const depth: Overdone = (more) => (to, id, first) => {
  const within = FROM_CLIENTS.depth - 2 + more;
  return message(to, id, first, "", event("", "<a>".repeat(within) + "</a>".repeat(within)));
};
const ownAttributes: Overdone = (more) => (to, id, first) =>
  message(
    to,
    id,
    first,
    times(FROM_CLIENTS.attributes - 3 + more, (i) => ` a${i}='&lt;'`),
    event("", ""),
  );
const childAttributes: Overdone = (more) => (to, id, first) =>
  message(
    to,
    id,
    first,
    "",
    event(
      times(FROM_CLIENTS.attributes - 1 + more, (i) => ` a${i}='1'`),
      "",
    ),
  );
/** The stream header declares one, the child's namespace is an attribute as well. */
const prefixes: Overdone = (more) => (to, id, first) => {
  const declared = times(FROM_CLIENTS.prefixes - 1 + more, (i) => ` xmlns:p${i}='urn:p${i}'`);
  const used = times(FROM_CLIENTS.prefixes - 1 + more, (i) => `<p${i}:q p${i}:r='1'/>`);
  return message(to, id, first, "", event("", `<a${declared}>${used}</a>`));
};
const ownPrefixes: Overdone = (more) => (to, id, first) => {
  const declared = times(FROM_CLIENTS.attributes - 3 + more, (i) => ` xmlns:p${i}='urn:p${i}'`);
  return message(
    to,
    id,
    first,
    declared,
    event(
      "",
      times(20, (i) => `<p${i}:q p${i + 1}:r='1'/>`),
    ),
  );
};
const names: Overdone = (more) => (to, id, first) => {
  const name = "n".repeat(LONGEST_NAME + more);
  return message(to, id, first, "", event(` ${name}='1'`, `<${name} xmlns:p='${"u".repeat(5000)}' p:a='1'/>`));
};

/** Shapes over whose bound a stanza is refused alone. */
export const COUNTED: readonly (readonly [what: string, shape: Overdone])[] = [
  ["depth", depth],
  ["attributes", ownAttributes],
  ["attributes of a child", childAttributes],
  ["prefixes", ownPrefixes],
  ["prefixes of a child", prefixes],
  ["long names", names],
];

/** All of them; what they are filled with ends the stream beyond its bound (RFC 6120 §4.9.3.14). */
export const SHAPES: readonly Shape[] = [
  ...COUNTED.map(([what, shape]) => ({ what, text: shape(0) })),
  { what: "bytes", text: filled("x") },
  { what: "bytes of other scripts", text: filled("\u2603") },
  {
    what: "characters that take more once they are written",
    // A declaration that stands already has the text written anew, each ">" as four characters.
    text: (to, id, first) => {
      const count = Math.floor((FROM_CLIENTS.bytes + ADDED.bytes - 20_000) / "&gt;".length);
      return message(to, id, first, "", `<again xmlns='jabber:client'/>${event("", ">".repeat(count))}`);
    },
  },
];

const ON_THE_WAY: ReadonlySet<string> = new Set(["from", "to", "xml:lang"]);

/** What has to arrive, in a form to compare: all but what is added on the way. */
export function essence(node: XmlNode | string): string {
  const root = typeof node === "string" ? parseXml(`<s xmlns='jabber:client'>${node}</s>`) : node;
  const stanza = typeof node === "string" ? (elementsOf(root)[0] as XmlNode) : root;
  return showXml({
    ...inContent(stanza),
    attributes: new Map([...stanza.attributes].filter(([name]) => !ON_THE_WAY.has(name)).sort()),
  } as XmlNode);
}

function inContent(node: XmlNode): XmlNode {
  const children = node.children
    .filter((child) => typeof child === "string" || child.ns !== "urn:xmpp:delay")
    .map((child) => (typeof child === "string" ? child : inContent(child)));
  return { ...node, ns: node.ns === "jabber:server" ? "jabber:client" : node.ns, children };
}
