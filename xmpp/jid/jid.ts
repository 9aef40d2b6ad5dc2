// JIDs: parsing, preparation and the cache that makes parsing cheap. RFC 7622.
import { escapeAttribute } from "../xml/escape.ts";
import { unshared } from "../xml/unshared.ts";
import { JidError } from "./jid-error.ts";
import { prepareDomainpart, prepareLocalpart, prepareResourcepart } from "./precis.ts";

export { JidError } from "./jid-error.ts";

/** A prepared JID. Immutable; equal JIDs have equal `full` strings, and often are the same object. */
export class Jid {
  /** `local@domain/resource`, prepared. */
  readonly full: string;
  /** Without resource. */
  readonly bare: string;
  private bareJid: Jid | undefined;
  private fromText: string | undefined;
  private toText: string | undefined;

  /** "" where there is none. */
  readonly local: string;
  readonly domain: string;
  /** "" where there is none. */
  readonly resource: string;

  private constructor(local: string, domain: string, resource: string) {
    this.local = local;
    this.domain = domain;
    this.resource = resource;
    this.bare = local === "" ? domain : `${local}@${domain}`;
    this.full = resource === "" ? this.bare : `${this.bare}/${resource}`;
  }

  /** Builds from parts that are prepared already; use `parse` or `of` for anything from outside. */
  static prepared(local: string, domain: string, resource: string): Jid {
    return new Jid(local, domain, resource);
  }

  /** Prepares the parts and builds. @throws JidError */
  static of(local: string, domain: string, resource = ""): Jid {
    return new Jid(
      local === "" ? "" : prepareLocalpart(local),
      prepareDomainpart(domain),
      resource === "" ? "" : prepareResourcepart(resource),
    );
  }

  /** Parses and prepares a JID. @throws JidError */
  static parse(text: string): Jid {
    const known = recent.get(text);
    if (known !== undefined) return known;
    return older.size === 0 ? parseAnew(text) : recall(text);
  }

  /** Parses, or undefined where the text is no JID. */
  static tryParse(text: string): Jid | undefined {
    try {
      return Jid.parse(text);
    } catch {
      return undefined;
    }
  }

  /** The bare JID of this one. */
  toBare(): Jid {
    if (this.resource === "") return this;
    this.bareJid ??= new Jid(this.local, this.domain, "");
    return this.bareJid;
  }

  /** The same account with another, already prepared, resource. */
  withResource(resource: string): Jid {
    return new Jid(this.local, this.domain, resource);
  }

  /** The bare JID of an account of the same domain; `local` is prepared. */
  withLocal(local: string): Jid {
    return new Jid(local, this.domain, "");
  }

  /** As the attribute `from` of a start tag, with a space before it. In one piece, since it is written often. */
  get from(): string {
    this.fromText ??= unshared(` from='${escapeAttribute(this.full)}'`);
    return this.fromText;
  }

  /** As the attribute `to` of a start tag, with a space before it. */
  get to(): string {
    this.toText ??= unshared(` to='${escapeAttribute(this.full)}'`);
    return this.toText;
  }

  get isBare(): boolean {
    return this.resource === "";
  }

  toString(): string {
    return this.full;
  }
}

// The cache has two generations: what is used moves to the recent one; once that is full it becomes the older one, and
// what has not been used since is gone. A flood of made-up JIDs so cannot push out those in use, nor take more than
// about 20,000 times 1 KiB.
const GENERATION = 10_000;
/** UTF-16 units; longer texts, that nobody uses often, are parsed each time. */
const LONGEST_CACHED = 256;
let recent = new Map<string, Jid>();
let older = new Map<string, Jid>();

function recall(text: string): Jid {
  const jid = older.get(text);
  if (jid === undefined) return parseAnew(text);
  remember(unshared(text), jid);
  return jid;
}

function parseAnew(text: string): Jid {
  if (text.length > LONGEST_JID) throw new JidError("longer than a JID may be");
  const own = unshared(text);
  const jid = parse(own);
  if (text.length <= LONGEST_CACHED) remember(own, jid);
  return jid;
}

function remember(text: string, jid: Jid): void {
  if (recent.size >= GENERATION) {
    older = recent;
    recent = new Map();
  }
  recent.set(text, jid);
}

/** Bytes of three full parts and their separators, and so more UTF-16 units than any JID has before preparation. */
const LONGEST_JID = 3 * 1023 + 2;

/** Splits by RFC 7622 §3.1: the resource after the first "/", then the localpart before the first "@". */
function parse(text: string): Jid {
  const slash = text.indexOf("/");
  const bare = slash === -1 ? text : text.slice(0, slash);
  const resource = slash === -1 ? "" : text.slice(slash + 1);
  if (slash !== -1 && resource === "") throw new JidError("empty resourcepart");
  const at = bare.indexOf("@");
  if (at === 0) throw new JidError("empty localpart");
  return Jid.of(at === -1 ? "" : bare.slice(0, at), at === -1 ? bare : bare.slice(at + 1), resource);
}
