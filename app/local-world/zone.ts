// The local world's DNS data and the answers it gives: authoritative, bounded, nearest region first. No sockets here.
import { isIPv4, isIPv6 } from "node:net";
import { type Answer, AUTHORITATIVE_ANSWER, type SoaAnswer, type TlsaData } from "dns-packet";

/** One record. With `region` it belongs to a region of the global domain and is ordered by who asks. */
export type ZoneRecord = { readonly name: string; readonly ttl?: number; readonly region?: string } & (
  | { readonly type: "A" | "AAAA"; readonly address: string }
  | {
      readonly type: "SRV";
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      /** A host name, or "." for "this service is not offered". */
      readonly target: string;
    }
  | { readonly type: "TXT"; readonly text: string }
  | { readonly type: "CNAME"; readonly target: string }
  | ({ readonly type: "TLSA" } & TlsaData)
  /** Odd behaviour for a name, whatever type is asked: SERVFAIL, REFUSED, or no answer at all. */
  | { readonly type: "fault"; readonly fault: "servfail" | "refused" | "drop" }
);

/** How a zone answers. */
export interface ZoneSettings {
  readonly records: readonly ZoneRecord[];
  /** Domains answered for with everything below; what else is asked is refused. "." is all names. */
  readonly zones: readonly string[];
  /** Names of regions from the nearest on, as seen from a prefix ("198.51.100.0/24", "127.0.0.1/32"). */
  readonly nearest?: ((sourcePrefix: string) => readonly string[]) | undefined;
}

/** What to send back. `ordered`: the answer depends on the source prefix (RFC 7871 §7.2.1). */
export type ZoneAnswer =
  | {
      readonly kind: "answer";
      readonly rcode: number;
      readonly flags: number;
      readonly answers: readonly Answer[];
      readonly authorities: readonly Answer[];
      readonly ordered: boolean;
    }
  | { readonly kind: "drop" };

/** Seconds a record may be kept when it does not say; and "there is none" (the SOA's minimum). */
const DEFAULT_TTL = 30;
const NEGATIVE_TTL = 5;
const MAX_ALIASES = 8;
const RCODE = { servfail: 2, nxdomain: 3, refused: 5 } as const;

/** The data of all zones, ready to be asked. */
export class Zone {
  readonly #settings: ZoneSettings;
  readonly #byName = new Map<string, ZoneRecord[]>();
  /** Names with nothing of their own that have names below: they exist (RFC 8020). */
  readonly #parents = new Set<string>();
  readonly #apexes: readonly string[];

  /** Throws, naming every record that is wrong. */
  constructor(settings: ZoneSettings) {
    this.#settings = settings;
    this.#apexes = settings.zones.map(normal).sort((a, b) => b.length - a.length);
    const mistakes: string[] = [];
    for (const record of settings.records) {
      const name = normal(record.name);
      if (!isName(name)) mistakes.push(`${JSON.stringify(record.name)}: expected a domain name`);
      const mistake = mistakeIn(record);
      if (mistake !== undefined) mistakes.push(`${record.name} ${record.type}: ${mistake}`);
      const here = this.#byName.get(name);
      if (here) here.push(record);
      else this.#byName.set(name, [record]);
      for (let at = parentOf(name); at !== undefined; at = parentOf(at)) this.#parents.add(at);
    }
    if (mistakes.length > 0) throw new Error(`DNS data: ${mistakes.join("; ")}`);
  }

  /** Answers one question. `sourcePrefix` tells where the asker is. */
  answer(question: { readonly name: string; readonly type: string }, sourcePrefix: string): ZoneAnswer {
    const answers: Answer[] = [];
    let ordered = false;
    let at = normal(question.name);
    for (let hops = 0; ; hops++) {
      const apex = this.#apexOf(at);
      if (apex === undefined) return hops === 0 ? refusal() : found(answers, ordered);
      const here = this.#byName.get(at) ?? [];
      const fault = here.find((record) => record.type === "fault");
      if (fault?.type === "fault") return faulty(fault.fault);
      const wanted = here.filter((record) => record.type === question.type);
      if (wanted.length > 0) {
        ordered = wanted.some((record) => record.region !== undefined);
        return found([...answers, ...this.#nearestFirst(wanted, sourcePrefix).map(toAnswer)], ordered);
      }
      const own = at === apex ? apexRecord(apex, question.type) : undefined;
      if (own) return found([...answers, own], ordered);
      const alias = here.find((record) => record.type === "CNAME");
      if (alias?.type === "CNAME" && hops < MAX_ALIASES) {
        answers.push(toAnswer(alias));
        at = normal(alias.target);
        continue;
      }
      const exists = here.length > 0 || at === apex || this.#parents.has(at);
      return { ...found(answers, ordered), rcode: exists ? 0 : RCODE.nxdomain, authorities: [soaOf(apex)] };
    }
  }

  /** The zone a name lies in, the longest apex first. */
  #apexOf(name: string): string | undefined {
    return this.#apexes.find((apex) => apex === "" || name === apex || name.endsWith(`.${apex}`));
  }

  /** Orders the records of regions by who is nearest; SRV by priority too, so that clients keep to the order. */
  #nearestFirst(records: readonly ZoneRecord[], sourcePrefix: string): ZoneRecord[] {
    const { nearest } = this.#settings;
    if (!nearest || !records.some((record) => record.region !== undefined)) return [...records];
    const regions = nearest(sourcePrefix);
    const rank = ({ region }: ZoneRecord) => {
      const index = region === undefined ? 0 : regions.indexOf(region);
      return index < 0 ? regions.length : index;
    };
    return records
      .map((record) => ({ record, rank: rank(record) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ record, rank }) =>
        record.type === "SRV"
          ? { ...record, priority: Math.min(65535, rank * 100 + Math.min(99, record.priority)) }
          : record,
      );
  }
}

/** The zones that `records` imply: each name without the labels that begin with "_". */
export function zonesOf(records: readonly ZoneRecord[]): string[] {
  return [...new Set(records.map((record) => normal(record.name).replace(/^(?:_[^.]*\.)+/, "")))];
}

/** What the wire format could not say. */
function mistakeIn(record: ZoneRecord): string | undefined {
  if ("target" in record && record.target !== "." && !isName(normal(record.target))) {
    return 'expected a host name as target, or "."';
  }
  if (record.type === "A" && !isIPv4(record.address)) return "expected an IPv4 address";
  if (record.type === "AAAA" && !isIPv6(record.address)) return "expected an IPv6 address";
  if (record.type === "SRV") {
    const numbers = [record.priority, record.weight, record.port];
    const fit = numbers.every((number) => Number.isInteger(number) && number >= 0 && number <= 65_535);
    if (!fit) return "expected priority, weight and port from 0 to 65535";
  }
  return undefined;
}

type Found = Extract<ZoneAnswer, { kind: "answer" }>;

function found(answers: readonly Answer[], ordered: boolean): Found {
  return { kind: "answer", rcode: 0, flags: AUTHORITATIVE_ANSWER, answers, authorities: [], ordered };
}

function refusal(): Found {
  return { ...found([], false), rcode: RCODE.refused, flags: 0 };
}

function faulty(fault: "servfail" | "refused" | "drop"): ZoneAnswer {
  return fault === "drop" ? { kind: "drop" } : { ...refusal(), rcode: RCODE[fault] };
}

function toAnswer(record: ZoneRecord): Answer {
  const name = normal(record.name);
  const common = { name, ttl: record.ttl ?? DEFAULT_TTL, class: "IN" } as const;
  switch (record.type) {
    case "A":
    case "AAAA":
      return { ...common, type: record.type, data: record.address };
    case "SRV": {
      const { priority, weight, port, target } = record;
      return { ...common, type: "SRV", data: { priority, weight, port, target } };
    }
    case "TXT":
      return { ...common, type: "TXT", data: stringsOf(record.text) };
    case "CNAME":
      return { ...common, type: "CNAME", data: record.target };
    case "TLSA": {
      const { usage, selector, matchingType, certificate } = record;
      return { ...common, type: "TLSA", data: { usage, selector, matchingType, certificate } };
    }
    case "fault":
      throw new Error("a fault is no record");
  }
}

/** A TXT record's strings hold 255 octets each (RFC 1035 §3.3.14). */
function stringsOf(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const strings: Buffer[] = [];
  for (let at = 0; at < bytes.length || at === 0; at += 255) strings.push(bytes.subarray(at, at + 255));
  return strings;
}

function apexRecord(apex: string, type: string): Answer | undefined {
  if (type === "SOA") return soaOf(apex);
  return type === "NS" ? { name: apex || ".", type: "NS", ttl: DEFAULT_TTL, data: below("ns", apex) } : undefined;
}

function soaOf(apex: string): SoaAnswer {
  const timers = { serial: 1, refresh: 3600, retry: 600, expire: 86_400, minimum: NEGATIVE_TTL };
  const data = { mname: below("ns", apex), rname: below("hostmaster", apex), ...timers };
  return { name: apex || ".", type: "SOA", ttl: DEFAULT_TTL, data };
}

function below(label: string, apex: string): string {
  return apex === "" ? label : `${label}.${apex}`;
}

function normal(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function parentOf(name: string): string | undefined {
  const dot = name.indexOf(".");
  return dot < 0 ? undefined : name.slice(dot + 1);
}

function isName(name: string): boolean {
  return name.length <= 253 && name.split(".").every((label) => /^[a-z0-9_-]{1,63}$/.test(label));
}
