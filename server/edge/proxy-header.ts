// Reads the header a proxy puts before a connection's bytes: PROXY protocol versions 1 and 2, as HAProxy specifies it.
import { isIPv4, isIPv6 } from "node:net";
import { plainAddress } from "../../contract/networks.ts";

/** Who connected to the proxy. */
export interface ProxySource {
  /** IPv4, or IPv6 in its shortest form. */
  readonly address: string;
  readonly port: number;
}

/** What the bytes are so far. */
export type ProxyHeader =
  | { readonly kind: "incomplete" }
  | { readonly kind: "malformed"; readonly reason: string }
  /** `bytes` long; without a source (health check, unknown) the connection's own address counts. */
  | { readonly kind: "header"; readonly bytes: number; readonly source: ProxySource | undefined };

/** Bytes a version 1 header may have, with its CRLF (§2.1). */
export const MAX_V1 = 107;
/** Bytes a version 2 header may have; the protocol's own bound is 65,551. */
export const MAX_V2 = 4096;

const V1 = Buffer.from("PROXY ");
const V2 = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const V2_FIXED = 16;

/** Bytes of the addresses for each family and transport that version 2 knows (§2.2); others are refused. */
const V2_BLOCK = new Map<number, number>([
  [0x00, 0],
  [0x11, 12],
  [0x12, 12],
  [0x21, 36],
  [0x22, 36],
  [0x31, 216],
  [0x32, 216],
]);
const TCP4 = 0x11;
const TCP6 = 0x21;
const LOCAL = 0x20;
const PROXY = 0x21;

const INCOMPLETE: ProxyHeader = { kind: "incomplete" };
const malformed = (reason: string): ProxyHeader => ({ kind: "malformed", reason });

/** Reads a header at the beginning of `bytes`, which may hold less or more. Bytes that can begin none are malformed at once. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length === 0) return INCOMPLETE;
  if (bytes[0] === V1[0]) return begins(bytes, V1) ? version1(bytes) : malformed("no PROXY header");
  return begins(bytes, V2) ? version2(bytes) : malformed("no PROXY header");
}

function begins(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.compare(signature, 0, length, 0, length) === 0;
}

/** One line of ASCII (§2.1). */
function version1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, MAX_V1).indexOf("\r\n");
  if (end < 0) return bytes.length < MAX_V1 ? INCOMPLETE : malformed(`no line end within ${MAX_V1} bytes`);
  const header = (source: ProxySource | undefined): ProxyHeader => ({ kind: "header", bytes: end + 2, source });
  const [, protocol, from, to, fromPort, toPort, ...rest] = bytes.toString("latin1", 0, end).split(" ");
  // What stands behind UNKNOWN is to be ignored.
  if (protocol === "UNKNOWN") return header(undefined);
  const isAddress = protocol === "TCP4" ? isIPv4 : protocol === "TCP6" ? isIPv6 : undefined;
  if (isAddress === undefined) return malformed("unknown protocol");
  if (from === undefined || to === undefined || fromPort === undefined || toPort === undefined || rest.length > 0)
    return malformed("not six fields");
  if (![from, to].every((address) => isAddress(address) && !address.includes("%"))) return malformed("bad address");
  if (![fromPort, toPort].every((port) => /^(0|[1-9][0-9]{0,4})$/.test(port) && Number(port) <= 65_535))
    return malformed("bad port");
  return header({ address: plainAddress(from), port: Number(fromPort) });
}

/** Binary: signature, version and command, family and transport, length, addresses, and TLVs that are passed over (§2.2). */
function version2(bytes: Buffer): ProxyHeader {
  const command = bytes[V2.length];
  if (command !== undefined && command !== LOCAL && command !== PROXY) return malformed("unknown version or command");
  if (bytes.length < V2_FIXED) return INCOMPLETE;
  const length = bytes.readUInt16BE(14);
  const total = V2_FIXED + length;
  if (total > MAX_V2) return malformed(`more than ${MAX_V2} bytes`);
  const family = bytes[13] ?? 0;
  // LOCAL is the proxy's own connection, a health check: its family and addresses are to be ignored.
  const block = command === LOCAL ? 0 : V2_BLOCK.get(family);
  if (block === undefined) return malformed("unknown family or transport");
  if (length < block) return malformed("addresses cut short");
  if (bytes.length < total) return INCOMPLETE;
  return { kind: "header", bytes: total, source: command === LOCAL ? undefined : version2Source(bytes, family) };
}

/** The source of a TCP connection; undefined for UNSPEC and for what falls back to it: datagrams and UNIX sockets. */
function version2Source(bytes: Buffer, family: number): ProxySource | undefined {
  if (family === TCP4) return { address: bytes.subarray(16, 20).join("."), port: bytes.readUInt16BE(24) };
  if (family !== TCP6) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(16 + i * 2).toString(16));
  return { address: plainAddress(groups.join(":")), port: bytes.readUInt16BE(48) };
}
