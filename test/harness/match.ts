// Compares what came with what a talk expects, and says where they differ.
import {
  NS_CLIENT,
  NS_SASL,
  NS_SERVER,
  NS_STANZA_ERRORS,
  NS_STREAM,
  NS_STREAM_ERRORS,
} from "../../xmpp/xml/namespaces.ts";
import type { ElementPattern } from "./pattern.ts";
import { elementsOf, showXml, textOf, type XmlNode } from "./xml-node.ts";

/** Values captured by `{$x}`. */
export type Captures = ReadonlyMap<string, string>;

/** Who receives: what the server may leave out or add for it. */
export interface Receiver {
  /** Full JID of a bound session. */
  readonly full?: string | undefined;
}

/** Either the captures with what this element added, or where it differs. */
export type Match = { readonly captures: Captures } | { readonly difference: string };

const CONTENT = new Set([NS_CLIENT, NS_SERVER]);
const STANZAS = new Set(["message", "presence", "iq"]);

/** Matches a whole element (a stanza, a negotiation element, a stream header). */
export function match(pattern: ElementPattern, got: XmlNode, captures: Captures, receiver: Receiver = {}): Match {
  const found = new Map(captures);
  const difference = compare(pattern, got, found, got.name, { receiver, root: true });
  return difference === undefined ? { captures: found } : { difference };
}

interface Place {
  readonly receiver: Receiver;
  readonly root: boolean;
}

function compare(
  pattern: ElementPattern,
  got: XmlNode,
  captures: Map<string, string>,
  path: string,
  place: Place,
): string | undefined {
  if (pattern.name !== got.name || pattern.ns !== got.ns)
    return `${path}: expected <${pattern.name} xmlns="${pattern.ns}">, got <${got.name} xmlns="${got.ns}">`;
  return (
    compareAttributes(pattern, got, captures, path, place) ??
    compareText(pattern, got, captures, path) ??
    compareChildren(pattern, got, captures, path, place)
  );
}

function compareAttributes(
  pattern: ElementPattern,
  got: XmlNode,
  captures: Map<string, string>,
  path: string,
  place: Place,
): string | undefined {
  for (const [name, wanted] of pattern.attributes) {
    const value = got.attributes.get(name);
    if (wanted === "{absent}") {
      if (value !== undefined) return `${path}@${name}: expected none, got "${value}"`;
      continue;
    }
    if (value === undefined) return `${path}@${name}: expected "${wanted}", got none`;
    if (!matchText(wanted, value, captures)) return `${path}@${name}: expected "${wanted}", got "${value}"`;
  }
  if (pattern.moreAttributes) return undefined;
  for (const [name, value] of got.attributes)
    if (!pattern.attributes.has(name) && !mayBeAdded(name, value, got, place))
      return `${path}@${name}: expected none, got "${value}"`;
  return undefined;
}

/** Attributes that a pattern need not mention. Documented in test/talks/README.md. */
function mayBeAdded(name: string, value: string, got: XmlNode, { receiver, root }: Place): boolean {
  if (name === "xml:lang") return true;
  if (got.name === "error" && name === "by") return true;
  if (!root || got.ns !== NS_CLIENT || !STANZAS.has(got.name)) return false;
  if (name === "id") return got.name !== "iq";
  const { full } = receiver;
  const bare = full?.replace(/\/.*$/s, "");
  if (name === "to") return value === full || value === bare;
  return name === "from" && value === bare;
}

function compareText(
  pattern: ElementPattern,
  got: XmlNode,
  captures: Map<string, string>,
  path: string,
): string | undefined {
  const text = textOf(got);
  const trimmed = elementsOf(got).length > 0 || text.trim() === "" ? text.trim() : text;
  if (pattern.moreChildren && pattern.text === "") return undefined;
  if (pattern.text === "" ? trimmed === "" : matchText(pattern.text, trimmed, captures)) return undefined;
  return `${path}: expected text ${JSON.stringify(substitute(pattern.text, captures))}, got ${JSON.stringify(trimmed)}`;
}

function compareChildren(
  pattern: ElementPattern,
  got: XmlNode,
  captures: Map<string, string>,
  path: string,
  place: Place,
): string | undefined {
  const rest = elementsOf(got);
  const below = { receiver: place.receiver, root: false };
  let problem: string | undefined;
  const unwanted = rest.find(({ name }) => pattern.absent.includes(name));
  if (unwanted !== undefined) return `${path}: must not be there: ${showXml(unwanted, got.ns)}`;
  for (const wanted of pattern.children) {
    const index = rest.findIndex((child) => {
      if (problem !== undefined) return false;
      const attempt = new Map(captures);
      const difference = compare(wanted, child, attempt, `${path}/${wanted.name}`, below);
      if (difference === undefined) {
        for (const [name, value] of attempt) captures.set(name, value);
        return true;
      }
      // In order, and nothing to be skipped: this child had to match.
      if (!pattern.moreChildren && !pattern.anyOrder && !mayBeSkipped(child, pattern, got)) problem = difference;
      return false;
    });
    if (problem !== undefined) return problem;
    if (index < 0)
      return `${path}: no ${describe(wanted)} among ${rest.map((child) => showXml(child, got.ns)).join("") || "no children"}`;
    if (pattern.anyOrder) rest.splice(index, 1);
    else if (pattern.moreChildren) rest.splice(0, index + 1);
    else rest.splice(0, index + 1);
  }
  if (pattern.moreChildren) return undefined;
  const extra = rest.find((child) => !mayBeSkipped(child, pattern, got));
  return extra === undefined ? undefined : `${path}: unexpected ${showXml(extra, got.ns)}`;
}

/** Children that a pattern need not mention: an error's text, and what an error stanza gives back (RFC 6120 §8.3.1). */
function mayBeSkipped(child: XmlNode, pattern: ElementPattern, parent: XmlNode): boolean {
  if (child.name === "text" && (child.ns === NS_STANZA_ERRORS || child.ns === NS_STREAM_ERRORS)) return true;
  if (child.name === "text" && child.ns === NS_SASL) return true;
  if (CONTENT.has(parent.ns) && STANZAS.has(parent.name) && parent.attributes.get("type") === "error")
    return child.name !== "error" && !pattern.children.some(({ name, ns }) => name === child.name && ns === child.ns);
  return false;
}

function describe({ name, ns, attributes }: ElementPattern): string {
  const pairs = [...attributes].map(([key, value]) => ` ${key}="${value}"`).join("");
  return `<${name} xmlns="${ns}"${ns === NS_STREAM ? "" : pairs}>`;
}

const TOKENS = /\{\*\}|\{\$([A-Za-z][\w-]*)\}/g;

/** Matches text with `{*}` (one character or more) and `{$x}`; what is captured is added. */
export function matchText(wanted: string, value: string, captures: Map<string, string>): boolean {
  if (!wanted.includes("{")) return wanted === value;
  const names: string[] = [];
  let source = "";
  let at = 0;
  for (const token of wanted.matchAll(TOKENS)) {
    source += literal(wanted.slice(at, token.index));
    const name = token[1];
    const known = name === undefined ? undefined : captures.get(name);
    if (name === undefined) source += "[\\s\\S]+";
    else if (known !== undefined) source += literal(known);
    else if (names.includes(name)) source += `\\${names.indexOf(name) + 1}`;
    else {
      names.push(name);
      source += "([\\s\\S]+)";
    }
    at = token.index + token[0].length;
  }
  const found = new RegExp(`^${source}${literal(wanted.slice(at))}$`, "u").exec(value);
  if (found === null) return false;
  names.forEach((name, i) => {
    captures.set(name, found[i + 1] as string);
  });
  return true;
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** Puts captured values in place of `{$x}`; unknown ones stay. */
export function substitute(text: string, captures: Captures): string {
  return text.replace(TOKENS, (token, name?: string) => (name === undefined ? token : (captures.get(name) ?? token)));
}
