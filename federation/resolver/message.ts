// One DNS question as bytes, and what comes back judged: asked for, cut short, malformed, or not ours at all.
import { type Answer, AUTHENTIC_DATA, decode, encode, RECURSION_DESIRED } from "dns-packet";

/** The types of record this resolver asks for. */
export type QueryType = "A" | "AAAA" | "SRV" | "TLSA";

/** UDP payload we say we can take, octets: what passes nearly every path unfragmented. */
export const EDNS_SIZE = 1232;
/** Records a message may hold in all; far beyond any honest answer. A message with more is refused unread. */
export const MAX_RECORDS = 512;

/** A question, and the bytes that ask it. */
export interface Query {
  readonly id: number;
  readonly name: string;
  readonly type: QueryType;
  readonly bytes: Buffer;
  /** Where the question section ends in `bytes`. */
  readonly questionEnd: number;
}

/** An answer to the question asked. */
export interface Reply {
  /** Low four bits only: 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED. */
  readonly rcode: number;
  readonly truncated: boolean;
  readonly authoritative: boolean;
  readonly recursive: boolean;
  /** The AD bit as the server sent it (RFC 4035 §3.2.3); worth something only from a trusted resolver. */
  readonly authentic: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  /** What the server adds unasked; worth something only for the very thing asked. */
  readonly additionals: readonly Answer[];
}

/** What bytes from a name server are. `unasked` bytes are to be ignored: they may be a forger's. */
export type Judged =
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "malformed"; readonly reason: string }
  | { readonly kind: "unasked" };

/** Options of a query: EDNS (RFC 6891) unless a server cannot; `ad` asks for the AD bit (RFC 6840 §5.7). */
export interface QueryOptions {
  readonly edns: boolean;
  readonly ad: boolean;
}

/** The bytes that ask for `type` at `name` (already checked by `dnsName`, an underscore label included). */
export function makeQuery(id: number, name: string, type: QueryType, options: QueryOptions): Query {
  const opt = {
    type: "OPT",
    name: ".",
    udpPayloadSize: EDNS_SIZE,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
  } as const;
  const bytes = encode({
    type: "query",
    id,
    flags: RECURSION_DESIRED | (options.ad ? AUTHENTIC_DATA : 0),
    questions: [{ type, name, class: "IN" }],
    additionals: options.edns ? [{ ...opt, flag_do: false, options: [] }] : [],
  });
  return { id, name, type, bytes, questionEnd: 12 + name.length + 2 + 4 };
}

/**
 * Judges bytes against the one question they may answer: the id, that it is a response, and the question section octet
 * for octet but for the case of letters (RFC 5452 §3). Only then is the rest decoded, its counts checked first.
 */
export function judge(bytes: Buffer, query: Query): Judged {
  if (bytes.length < 12 || bytes.readUInt16BE(0) !== query.id) return { kind: "unasked" };
  const flags = bytes.readUInt16BE(2);
  if ((flags & 0xf800) !== 0x8000) return { kind: "unasked" };
  const rcode = flags & 0xf;
  const questions = bytes.readUInt16BE(4);
  // Servers that could not read the question do not repeat it; such an answer can only say that it is an error.
  if (questions === 0 && rcode !== 0 && rcode !== 3) {
    return { kind: "reply", reply: toReply(flags, [], [], []) };
  }
  if (questions !== 1 || !sameQuestion(bytes, query)) return { kind: "unasked" };
  if ((flags & 0x0200) !== 0) return { kind: "reply", reply: toReply(flags, [], [], []) };
  const records = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
  if (records > MAX_RECORDS) return { kind: "malformed", reason: `the answer holds ${records} records` };
  try {
    const packet = decode(bytes);
    return {
      kind: "reply",
      reply: toReply(flags, packet.answers ?? [], packet.authorities ?? [], packet.additionals ?? []),
    };
  } catch {
    return { kind: "malformed", reason: "the answer cannot be decoded" };
  }
}

function toReply(
  flags: number,
  answers: readonly Answer[],
  authorities: readonly Answer[],
  additionals: readonly Answer[],
): Reply {
  return {
    rcode: flags & 0xf,
    truncated: (flags & 0x0200) !== 0,
    authoritative: (flags & 0x0400) !== 0,
    recursive: (flags & 0x0080) !== 0,
    authentic: (flags & 0x0020) !== 0,
    answers: answers.filter(isInternet),
    authorities: authorities.filter(isInternet),
    additionals: additionals.filter(isInternet),
  };
}

function isInternet(record: Answer): boolean {
  return record.type !== "OPT" && record.class === "IN" && record.flush !== true;
}

function sameQuestion(bytes: Buffer, query: Query): boolean {
  if (bytes.length < query.questionEnd) return false;
  const nameEnd = query.questionEnd - 4;
  for (let i = 12; i < query.questionEnd; i++) {
    const got = bytes[i] ?? 0;
    const asked = query.bytes[i] ?? 0;
    if (got !== asked && !(i < nameEnd && lower(got) === lower(asked))) return false;
  }
  return true;
}

function lower(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
}
