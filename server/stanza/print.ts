// How a stanza is recognised that its sender sends again after a resumption. XEP-0198 §5.
import { hash } from "node:crypto";
import { NS_DELAY } from "../xml/namespaces.ts";
import type { RawElement } from "../xml/raw-element.ts";

/** Characters of a stanza that is kept as it is until it is safe; of a larger one, its digest. */
const SMALL = 2_048;

/** What a stanza is known by: itself, or how long its content is and a digest. */
export type Print = RawElement | string;

/** The print of a stanza that is not recognised. */
export const NO_PRINT: Print = "";

/** What to keep of a stanza, bounded in size. */
export function printOf(raw: RawElement): Print {
  let size = raw.tail.length;
  for (const text of raw.attributes) size += text.length;
  return size <= SMALL ? raw : digestOf(raw, contentOf(raw));
}

/** The print as text, for another node. */
export function printText(print: Print): string {
  return typeof print === "string" ? print : digestOf(print, contentOf(print));
}

/**
 * True where the stanza is that one, sent again: the same attributes and content, to which at most a time was added.
 * COMPAT(nbxmpp, 6.1; Prosody, 13.0): what is kept to be sent again gets a `<delay/>` as its last child.
 */
export function isSame(print: Print, raw: RawElement): boolean {
  if (print === NO_PRINT) return false;
  if (typeof print !== "string") {
    if (print.tail === raw.tail && sameList(print.attributes, raw.attributes)) return print.name === raw.name;
    if (print.name !== raw.name || raw.tail.length < print.tail.length) return false;
  }
  const text = printText(print);
  const length = Number(text.slice(0, text.indexOf(":")));
  const content = contentOf(raw);
  if (content.length < length || !onlyDelayed(raw, content.slice(length))) return false;
  return digestOf(raw, content.slice(0, length)) === text;
}

/** True for nothing, or for one child that tells a time. XEP-0203. */
function onlyDelayed({ children }: RawElement, added: string): boolean {
  if (added === "") return true;
  const last = children.at(-1);
  return last?.xmlns === NS_DELAY && last.name === "delay" && added.lastIndexOf("<") === 0 && added.endsWith("/>");
}

/** The content and the end of the start tag, without the end tag. */
function contentOf({ tail }: RawElement): string {
  return tail === "/>" ? ">" : tail.slice(0, tail.lastIndexOf("</"));
}

function digestOf({ name, attributes }: RawElement, content: string): string {
  const pairs: string[] = [];
  for (let i = 0; i < attributes.length; i += 2) pairs.push(JSON.stringify(attributes.slice(i, i + 2)));
  return `${content.length}:${hash("sha256", `${name}${pairs.sort().join("")}${content}`, "base64")}`;
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, i) => text === other[i]);
}
