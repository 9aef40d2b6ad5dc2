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
 * A stanza that may be one sent again. Its digests are made once, however many it is compared with, and only where one
 * is as long: a resumed stream brings thousands of them.
 */
export class Repeat {
  private readonly raw: RawElement;
  private readonly whole: Content;
  /** Without the time that was added to it, where one may have been. */
  private readonly undelayed: Content | undefined;

  constructor(raw: RawElement) {
    this.raw = raw;
    const content = contentOf(raw);
    this.whole = new Content(raw, content);
    const end = content.lastIndexOf("<");
    if (end !== -1 && endsWithDelay(raw, content)) this.undelayed = new Content(raw, content.slice(0, end));
  }

  /**
   * True where the stanza is that one, sent again: the same attributes and content, to which at most a time was added.
   * What is kept as it is becomes a digest here, so that it is made of each no more than once.
   * COMPAT(nbxmpp, 6.1; Prosody, 13.0): what is kept to be sent again gets a `<delay/>` as its last child.
   */
  isOf(known: { print: Print }): boolean {
    const { raw } = this;
    const { print } = known;
    if (print === NO_PRINT) return false;
    if (typeof print !== "string") {
      if (print.name !== raw.name) return false;
      if (print.tail === raw.tail && sameList(print.attributes, raw.attributes)) return true;
      const { length } = contentOf(print);
      if (length !== this.whole.length && length !== this.undelayed?.length) return false;
      known.print = printText(print);
    }
    return this.whole.is(known.print as string) || this.undelayed?.is(known.print as string) === true;
  }
}

/** Content of a stanza, with its digest once that was asked for. */
class Content {
  readonly length: number;
  private readonly raw: RawElement;
  private readonly text: string;
  private digest: string | undefined;

  constructor(raw: RawElement, text: string) {
    this.raw = raw;
    this.text = text;
    this.length = text.length;
  }

  is(digest: string): boolean {
    if (!digest.startsWith(`${this.length}:`)) return false;
    this.digest ??= digestOf(this.raw, this.text);
    return this.digest === digest;
  }
}

/** True where the last child, without content, tells a time. XEP-0203. */
function endsWithDelay({ children }: RawElement, content: string): boolean {
  const last = children.at(-1);
  return last?.xmlns === NS_DELAY && last.name === "delay" && content.endsWith("/>");
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
