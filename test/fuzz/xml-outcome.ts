// What a stream's text comes to, by our tokenizer and by saxes, in one form for comparison.
import type { Element } from "ltx";
import { SaxesParser } from "saxes";
import { isCommonName } from "../../xmpp/xml/characters.ts";
import { parseDocument } from "../../xmpp/xml/document.ts";
import { escapeAttribute } from "../../xmpp/xml/escape.ts";
import { NS_STREAM } from "../../xmpp/xml/namespaces.ts";
import { RawElement } from "../../xmpp/xml/raw-element.ts";
import { isOddNamespace } from "../../xmpp/xml/scope.ts";
import { serialize, serializeUnprefixed } from "../../xmpp/xml/serialize.ts";
import { DEFAULT_XML_LIMITS, StreamTokenizer, type XmlLimits } from "../../xmpp/xml/tokenizer.ts";
import { buildTree } from "../../xmpp/xml/tree.ts";

const NS_XML = "http://www.w3.org/XML/1998/namespace";

/** Header, children and close in order, each in canonical form; and why it ended early, if it did. */
export interface Outcome {
  readonly events: string[];
  error: string | undefined;
}

type Attribute = readonly [expandedName: string, value: string];

function canonicalStart(uri: string, local: string, attributes: Attribute[]): string {
  const sorted = attributes.map(([name, value]) => `${name}=${JSON.stringify(value)}`).sort();
  return `({${uri}}${local} ${sorted.join(" ")}`;
}

/** The outcome by our tokenizer; checks on the way that forms of one element agree. */
export function ours(pieces: readonly string[], limits: XmlLimits = DEFAULT_XML_LIMITS): Outcome {
  const outcome: Outcome = { events: [], error: undefined };
  const tokenizer = new StreamTokenizer(
    {
      streamOpen: (header) => {
        const prefixed = (name: string) => expandName(name, (prefix) => header.prefixes.get(prefix));
        const attributes = pairs(header.attributes).map(([name, value]): Attribute => [prefixed(name), value]);
        outcome.events.push(
          canonicalStart(
            header.xmlns,
            header.name,
            attributes.filter(([name]) => name !== "xmlns" && !name.startsWith("xmlns:")),
          ),
        );
      },
      element: (raw) => outcome.events.push(canonicalElement(raw)),
      streamClose: () => outcome.events.push("close"),
      whitespace: () => {},
      error: (condition) => {
        if (outcome.error !== undefined) throw new Error("a second error");
        outcome.error = condition;
      },
    },
    limits,
  );
  for (const piece of pieces) tokenizer.write(piece);
  return outcome;
}

function pairs(list: readonly string[]): (readonly [string, string])[] {
  return Array.from({ length: list.length / 2 }, (_, k) => [list[2 * k] as string, list[2 * k + 1] as string]);
}

function expandName(name: string, resolve: (prefix: string) => string | undefined): string {
  const colon = name.indexOf(":");
  if (colon === -1 || name.startsWith("xmlns:")) return name;
  const prefix = name.slice(0, colon);
  return `{${prefix === "xml" ? NS_XML : resolve(prefix)}}${name.slice(colon + 1)}`;
}

function canonicalElement(raw: RawElement): string {
  const tree = buildTree(raw);
  const canonical = canonicalTree(tree);
  const heads = tree.getChildElements().map((child) => `{${child.getNS()}}${child.getName()}`);
  assertSame(`heads ${heads}`, `heads ${raw.children.map((child) => `{${child.xmlns}}${child.name}`)}`);
  assertSame(canonical, reread(serialize(tree)));
  const unprefixed = parsed(serializeUnprefixed(tree, "urn:unlike:any"));
  assertSame(canonicalTree(tree, inStreams), canonicalTree(unprefixed, inStreams));
  if (raw.verbatim) {
    const head = pairs(raw.attributes).map(([name, value]) => ` ${name}='${escapeAttribute(value)}'`);
    assertSame(canonical, reread(`<${raw.name} xmlns='${escapeAttribute(raw.xmlns)}'${head.join("")}${raw.tail}`));
  }
  return canonical;
}

/** What is content of other streams is written as the clients' content. */
function inStreams(namespace: string): string {
  return /^jabber:(?:client|server|component:accept)$/.test(namespace) ? "jabber:client" : namespace;
}

function reread(text: string): string {
  return canonicalTree(parsed(text));
}

function parsed(text: string): Element {
  const raw = parseDocument(text, { ...DEFAULT_XML_LIMITS, maxElementBytes: 1 << 24 });
  if (!(raw instanceof RawElement)) throw new Error(`${raw.message} in what was written: ${text}`);
  return buildTree(raw);
}

function assertSame(expected: string, actual: string): void {
  if (expected !== actual) throw new Error(`forms of one element differ:\n${expected}\n${actual}`);
}

/** A tree of ltx in canonical form; with a `mapping` of namespaces, without attributes of the clients' one. */
export function canonicalTree(element: Element, mapping?: (namespace: string) => string): string {
  const attributes: Attribute[] = [];
  for (const [name, value] of Object.entries(element.attrs))
    if (name !== "xmlns" && !name.startsWith("xmlns:")) {
      const expanded = expandName(name, (prefix) => mapping?.(element.findNS(prefix) ?? "") ?? element.findNS(prefix));
      if (mapping === undefined || !expanded.startsWith("{jabber:client}")) attributes.push([expanded, String(value)]);
    }
  const namespace = element.getNS() ?? "";
  let text = canonicalStart(mapping?.(namespace) ?? namespace, element.getName(), attributes);
  let run = "";
  for (const child of element.children) {
    if (typeof child === "string") run += child;
    else {
      if (run !== "") text += JSON.stringify(run);
      run = "";
      text += canonicalTree(child as Element, mapping);
    }
  }
  return `${text}${run === "" ? "" : JSON.stringify(run)})`;
}

/** True where saxes, which trims namespace names, would differ from Namespaces in XML 1.0, which does not. */
export function hasTrimmedNamespace(text: string): boolean {
  return /xmlns(:[^=\s]*)?\s*=\s*("(\s[^"]*|[^"]*\s)"|'(\s[^']*|[^']*\s)')/.test(text);
}

/**
 * Where a document type declaration, a comment or a processing instruction begins, or -1. It is found without saxes,
 * which reads an internal subset as no grammar does: a quote in it that is never closed hides what comes after. A `<`
 * outside of CDATA begins markup or is a mistake that both tell, so that nothing but CDATA need be known for it.
 */
function forbiddenAt(text: string): number {
  const declaration = /^<\?xml[ \t\r\n]/.test(text) ? 1 : 0;
  for (const { 0: found, index } of text.slice(declaration).matchAll(/<!\[CDATA\[[\s\S]*?(?:\]\]>|$)|<[!?]/g)) {
    const at = index + declaration;
    if (found.length === 2 && !"<![CDATA[".startsWith(text.slice(at, at + 9)) && !"<?xml".startsWith(text.slice(at)))
      return at;
  }
  return -1;
}

/** The outcome by saxes, which is not asked about what XMPP forbids, and XMPP's other restrictions. RFC 6120 §11.1, §4.8.1. */
export function theirs(text: string): Outcome {
  const at = forbiddenAt(text);
  const outcome = bySaxes(at === -1 ? text : text.slice(0, at));
  // What comes after the end of the stream counts no more.
  if (at !== -1 && outcome.events.at(-1) !== "close") outcome.error ??= "forbidden by RFC 6120";
  return outcome;
}

function bySaxes(whole: string): Outcome {
  const outcome: Outcome = { events: [], error: undefined };
  const parser = new SaxesParser({ xmlns: true });
  let depth = 0;
  let text = "";
  let run = "";
  const stop = (reason: string) => {
    outcome.error ??= reason;
  };
  const flush = () => {
    if (run !== "") text += JSON.stringify(run);
    run = "";
  };
  const onText = (piece: string) => {
    if (depth > 1) run += piece;
    else if (depth === 1 && /[^ \t\r\n]/.test(piece)) stop("text between elements");
  };
  // saxes tells the end of an element before it says that the end tag does not match.
  let close: (() => void) | undefined;
  const settle = () => {
    close?.();
    close = undefined;
  };
  const guard =
    <A extends unknown[]>(handler: (...args: A) => void) =>
    (...args: A) => {
      settle();
      if (outcome.error === undefined) handler(...args);
    };
  parser.on("error", (error) => {
    if (error.message.includes("unexpected close tag")) close = undefined;
    settle();
    stop(error.message);
  });
  parser.on("xmldecl", ({ version, encoding }) => {
    if (version !== "1.0") stop("version");
    if (encoding !== undefined && encoding.toLowerCase() !== "utf-8") stop("encoding");
  });
  parser.on("text", guard(onText));
  parser.on(
    "cdata",
    guard((piece: string) => (depth === 1 ? stop("cdata between elements") : onText(piece))),
  );
  parser.on(
    "opentag",
    guard((tag) => {
      flush();
      depth++;
      // saxes lets what follows a colon begin as no name may. Namespaces in XML 1.0 §4.
      for (const { local } of [tag, ...Object.values(tag.attributes)])
        if (/^(?:[-.0-9\u00b7\u203f\u2040]|[\u0300-\u036f])/.test(local)) return stop("local name");
      // Nor may names be of the fifth edition alone, or namespaces have what parsers separate them by.
      for (const { name, prefix, value } of [
        { name: tag.name, prefix: "", value: "" },
        ...Object.values(tag.attributes),
      ])
        if (!isCommonName(name) || ((prefix === "xmlns" || name === "xmlns") && isOddNamespace(value)))
          return stop("not for every parser");
      const attributes = Object.values(tag.attributes)
        .filter(({ prefix, name }) => prefix !== "xmlns" && name !== "xmlns")
        .map(({ prefix, uri, local, value }): Attribute => [prefix === "" ? local : `{${uri}}${local}`, value]);
      text += canonicalStart(tag.uri, tag.local, attributes);
      if (depth > 1) return;
      if (tag.uri !== NS_STREAM || tag.local !== "stream" || tag.isSelfClosing) stop("no stream");
      else outcome.events.push(text);
      text = "";
    }),
  );
  parser.on(
    "closetag",
    guard(() => {
      close = () => {
        flush();
        depth--;
        if (depth > 0) text += ")";
        if (depth === 1) outcome.events.push(text);
        if (depth === 1) text = "";
        if (depth === 0) outcome.events.push("close");
        if (depth === 0) stop("closed");
      };
    }),
  );
  // RFC 6120 §11.6: no byte order mark, even as the first character.
  if (whole.startsWith("\ufeff")) stop("byte order mark");
  else parser.write(whole);
  settle();
  if (outcome.error === "closed") outcome.error = undefined;
  return outcome;
}

/** What saxes makes of a text that must be one element alone: its root in canonical form, or undefined. RFC 7395 §3.3.3. */
export function theirDocument(text: string): string | undefined {
  const whole = theirs(`${STREAM}${text.replace(/^<\?xml [^>]*>/, "")}`);
  const parser = new SaxesParser({ xmlns: true });
  let bad = !text.startsWith("<") || !text.isWellFormed() || whole.error !== undefined;
  parser.on("error", () => {
    bad = true;
  });
  parser.on("xmldecl", ({ version, encoding }) => {
    if (version !== "1.0" || (encoding ?? "utf-8").toLowerCase() !== "utf-8") bad = true;
  });
  parser.write(text).close();
  return bad || whole.events.length !== 2 ? undefined : whole.events[1];
}

const STREAM = `<stream:stream xmlns:stream='${NS_STREAM}'>`;

/** What our parser makes of the same: the canonical form, or undefined. */
export function ourDocument(text: string): string | undefined {
  const raw = parseDocument(text, DEFAULT_XML_LIMITS);
  return raw instanceof RawElement ? canonicalElement(raw) : undefined;
}
