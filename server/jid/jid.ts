// JIDs: parsing, preparation and the cache that makes parsing cheap. RFC 7622.
import { prepareDomainpart, prepareLocalpart, prepareResourcepart } from "./precis.ts";

/** Thrown for text that is no JID; `message` says which part and why. */
export class JidError extends Error {
  override name = "JidError";
}

/** A prepared JID. Immutable; equal JIDs have equal `full` strings, and often are the same object. */
export class Jid {
  /** `local@domain/resource`, prepared. */
  readonly full: string;
  /** Without resource. */
  readonly bare: string;
  private bareJid: Jid | undefined;

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
    const known = cache.get(text);
    if (known !== undefined) return known;
    const jid = parse(text);
    if (cache.size >= CACHE_LIMIT) cache = new Map();
    cache.set(text, jid);
    return jid;
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

  get isBare(): boolean {
    return this.resource === "";
  }

  toString(): string {
    return this.full;
  }
}

const CACHE_LIMIT = 20_000;
let cache = new Map<string, Jid>();

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
