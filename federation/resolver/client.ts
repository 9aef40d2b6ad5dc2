// The stub resolver: a question to several name servers in turn, aliases followed, answers cached, questions shared.
import type { Answer } from "dns-packet";
import type { Clock } from "../../xmpp/clock.ts";
import { MAX_ALIASES, MAX_RECORD_SET, ttlOf, walkAliases } from "./alias-chain.ts";
import { TtlCache } from "./cache.ts";
import { type ExchangeOptions, exchange, type NameServer, type Outcome } from "./exchange.ts";
import type { QueryType, Reply } from "./message.ts";
import { dnsName } from "./name.ts";

/** What DNS says of a name and type. `authenticated`: every step had the AD bit of a trusted resolver. */
export type Lookup =
  | {
      readonly kind: "records";
      readonly records: readonly Answer[];
      readonly authenticated: boolean;
      /** Addresses that came with an SRV answer; for the use of that answer alone. */
      readonly additionals?: readonly Answer[];
    }
  | { readonly kind: "none"; readonly authenticated: boolean }
  | { readonly kind: "failed"; readonly reason: string };

/** Settings of the client, all checked already. */
export interface ClientOptions {
  readonly servers: readonly NameServer[];
  readonly clock: Clock;
  /** For one server and one attempt, ms. */
  readonly timeoutMs: number;
  /** Rounds over all the servers. */
  readonly attempts: number;
  /** The servers and the way to them are trusted, so their AD bit counts (RFC 4035 §4.9.3). */
  readonly trustAd: boolean;
  readonly cacheEntries: number;
}

/** A positive answer lives at most this long, seconds. */
const MAX_TTL = 86_400;
/** A negative answer lives at most this long, seconds (RFC 2308 §5). */
const MAX_NEGATIVE_TTL = 3_600;
/** Exchanges under way at once; the rest wait their turn. dnsmasq takes 150 by default, and drops what is more. */
const MAX_AT_ONCE = 100;
/** ms after which an exchange counts among the slow ones, which others do not wait for; and as many of those. */
const SLOW = 500;
const MAX_SLOW = 1_000;
/** Lookups that may wait for their turn; beyond it they fail. */
const MAX_WAITING = 16_384;

/** Asks the questions. One for each node: it holds the cache. */
export class DnsClient {
  readonly #options: ClientOptions;
  readonly #cache: TtlCache<Lookup>;
  readonly #underWay = new Map<string, Promise<Lookup>>();
  readonly #closing = new AbortController();
  readonly #waiting: (() => void)[] = [];
  #newest = false;
  #running = 0;
  #slow = 0;
  /** The server that answered last: asked first. */
  #preferred = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#cache = new TtlCache(options.clock, options.cacheEntries);
  }

  /** The records of `type` at `name`; equal questions under way are asked once. Never throws. */
  lookup(name: string, type: QueryType): Promise<Lookup> {
    const ascii = dnsName(name);
    if (ascii === undefined) return Promise.resolve(failure(`${JSON.stringify(name.slice(0, 300))} is no DNS name`));
    const key = `${type} ${ascii}`;
    const known = this.#cache.get(key);
    if (known) return Promise.resolve(known);
    const shared = this.#underWay.get(key);
    if (shared) return shared;
    const asked = this.#resolve(ascii, type, key).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asked);
    return asked;
  }

  /** Forgets every answer. */
  flush(): void {
    this.#cache.clear();
  }

  /** Ends what is under way: each lookup fails. */
  close(): void {
    this.#closing.abort();
    for (const next of this.#waiting.splice(0)) next();
  }

  async #resolve(name: string, type: QueryType, key: string): Promise<Lookup> {
    let at = name;
    let hopsLeft = MAX_ALIASES;
    let ttl = MAX_TTL;
    let authenticated = this.#options.trustAd;
    for (;;) {
      const outcome = await this.#ask(at, type);
      if (outcome.kind === "failed") return failure(outcome.reason);
      const { reply } = outcome;
      authenticated &&= reply.authentic;
      const walk = walkAliases(reply.answers, at, type, hopsLeft);
      if (!walk) return failure(`the aliases of ${name} are a loop, or more than ${MAX_ALIASES}`);
      if (walk.records.length > MAX_RECORD_SET) return failure(`${name} has ${walk.records.length} ${type} records`);
      if (walk.records.length > 0) {
        const additionals = type === "SRV" ? addressesOf(reply.additionals) : [];
        const life = Math.min(ttl, walk.ttl, ...additionals.map(ttlOf));
        const added = additionals.length === 0 ? {} : { additionals };
        return this.#keep(key, { kind: "records", records: walk.records, authenticated, ...added }, life);
      }
      const negative = negativeTtl(reply);
      if (walk.hops === 0 || reply.rcode === 3 || negative !== undefined) {
        return this.#keep(key, { kind: "none", authenticated }, Math.min(ttl, walk.ttl, negative ?? 0));
      }
      // A server that only knows the alias: ask for the name it leads to (RFC 1034 §5.3.3, 4c).
      const next = dnsName(walk.end);
      if (next === undefined) return failure(`${name} is an alias for something that is no DNS name`);
      hopsLeft -= walk.hops;
      ttl = Math.min(ttl, walk.ttl);
      at = next;
    }
  }

  #keep(key: string, lookup: Lookup, seconds: number): Lookup {
    this.#cache.set(key, lookup, seconds);
    return lookup;
  }

  /** Each server in turn, the one that answered last first, until one gives an answer that is one. */
  async #ask(name: string, type: QueryType): Promise<Outcome> {
    if (!(await this.#turn())) return failure("too many lookups wait, or the resolver was closed");
    const { clock } = this.#options;
    let slow = false;
    let over = false;
    const judge = () => {
      if (over || this.#slow >= MAX_SLOW) return;
      slow = true;
      this.#slow++;
      this.#next();
    };
    // It may be this process that is slow: what has come is read first.
    const timer = clock.setTimeout(() => setImmediate(judge), SLOW);
    try {
      const { servers, attempts } = this.#options;
      const first = this.#preferred;
      const reasons = new Set<string>();
      for (let i = 0; i < servers.length * attempts; i++) {
        if (this.#closing.signal.aborted) return failure("the resolver was closed");
        const index = (first + i) % servers.length;
        const server = servers[index];
        if (!server) break;
        const outcome = await this.#askOne(server, name, type);
        if (outcome.kind === "reply") {
          this.#preferred = index;
          return outcome;
        }
        reasons.add(`${server.address} port ${server.port}: ${outcome.reason}`);
      }
      return failure(`no name server answered for ${name} ${type} (${[...reasons].join("; ")})`);
    } finally {
      clock.clearTimeout(timer);
      over = true;
      if (slow) this.#slow--;
      else this.#next();
    }
  }

  /** A place is free: the oldest and the newest have it by turns, or one user's thousand names would be before all others'. */
  #next(): void {
    this.#running--;
    this.#newest = !this.#newest;
    (this.#newest ? this.#waiting.pop() : this.#waiting.shift())?.();
  }

  async #askOne(server: NameServer, name: string, type: QueryType): Promise<Outcome> {
    const { clock, timeoutMs, trustAd } = this.#options;
    const options: ExchangeOptions = { clock, timeoutMs, ad: trustAd, edns: true, signal: this.#closing.signal };
    let outcome = await exchange(server, name, type, options);
    // FORMERR or NOTIMP to a query with EDNS: a server older than it (RFC 6891 §7).
    if (outcome.kind === "reply" && (outcome.reply.rcode === 1 || outcome.reply.rcode === 4)) {
      outcome = await exchange(server, name, type, { ...options, edns: false });
    }
    if (outcome.kind === "failed") return outcome;
    const { reply } = outcome;
    if (reply.rcode !== 0 && reply.rcode !== 3) return failure(RCODES[reply.rcode] ?? `error ${reply.rcode}`);
    return isReferral(reply) ? failure("it only refers to other servers") : outcome;
  }

  /** Waits for one of the `MAX_AT_ONCE` places. */
  async #turn(): Promise<boolean> {
    if (this.#running >= MAX_AT_ONCE) {
      if (this.#waiting.length >= MAX_WAITING) return false;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running++;
    return true;
  }
}

/** Addresses among what a server adds, of those that are looked at. */
function addressesOf(additionals: readonly Answer[]): Answer[] {
  return additionals.filter(({ type }) => type === "A" || type === "AAAA").slice(0, MAX_RECORD_SET);
}

const RCODES: Readonly<Record<number, string>> = {
  1: "it calls the query malformed",
  2: "server failure (its own lookup or DNSSEC validation failed)",
  4: "it does not implement the query",
  5: "it refuses to answer us",
};

function failure(reason: string): { kind: "failed"; reason: string } {
  return { kind: "failed", reason };
}

/** How long "there is none" may be kept: the SOA's minimum, at most its TTL (RFC 2308 §5); undefined without an SOA. */
function negativeTtl(reply: Reply): number | undefined {
  const soa = reply.authorities.find((record) => record.type === "SOA");
  if (soa?.type !== "SOA") return undefined;
  return Math.min(ttlOf(soa), soa.data.minimum ?? 0, MAX_NEGATIVE_TTL);
}

/** Name servers instead of an answer, from a server that does not recurse (RFC 2308 §2.2). */
function isReferral(reply: Reply): boolean {
  if (reply.rcode !== 0 || reply.answers.length > 0 || reply.authoritative || reply.recursive) return false;
  const types = new Set(reply.authorities.map((record) => record.type));
  return types.has("NS") && !types.has("SOA");
}
