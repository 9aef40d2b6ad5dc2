// SCRAM's messages: strict parsing of what a client sends, and writing of what it gets. RFC 5802 §5.1, §7.
import { strictBase64 } from "./base64.ts";

/** Bounds of a client's messages: bytes of a whole one, of its nonce, and extensions it may carry. */
const MAX_BYTES = 4096;
const MAX_NONCE = 256;
const MAX_EXTENSIONS = 16;

/** What the client says of channel binding. RFC 5802 §6. */
export type BindingFlag =
  /** It does none. */
  | { readonly kind: "none" }
  /** It could, and thinks that the server cannot. */
  | { readonly kind: "unused" }
  | { readonly kind: "used"; readonly type: string };

/** client-first-message. */
export interface ClientFirst {
  readonly binding: BindingFlag;
  /** "" where none was given. */
  readonly authzid: string;
  readonly username: string;
  readonly nonce: string;
  /** gs2-header as sent: it comes back in the final message. */
  readonly gs2Header: string;
  /** client-first-message-bare, part of AuthMessage. */
  readonly bare: string;
}

/** client-final-message. */
export interface ClientFinal {
  readonly channelBinding: Buffer;
  readonly nonce: string;
  readonly proof: Buffer;
  /** Part of AuthMessage. */
  readonly withoutProof: string;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(data: Buffer): string | undefined {
  if (data.length === 0 || data.length > MAX_BYTES) return undefined;
  try {
    const text = utf8.decode(data);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Parses client-first-message, or undefined where it is not one. An `m=` extension is refused. RFC 5802 §5.1. */
export function parseClientFirst(data: Buffer): ClientFirst | undefined {
  const text = decode(data);
  const header = text === undefined ? null : /^(?:([ny])|p=([A-Za-z0-9.-]{1,64})),(?:a=([^,]+))?,/.exec(text);
  if (text === undefined || header === null) return undefined;
  const authzid = header[3] === undefined ? "" : decodeName(header[3]);
  const bare = text.slice(header[0].length);
  const [name, nonce, ...extensions] = bare.split(",", MAX_EXTENSIONS + 3);
  const username = name?.startsWith("n=") ? decodeName(name.slice(2)) : undefined;
  if (authzid === undefined || username === undefined || username === "") return undefined;
  if (!nonce?.startsWith("r=") || !isNonce(nonce.slice(2)) || !areExtensions(extensions)) return undefined;
  return { binding: flag(header[1], header[2]), authzid, username, nonce: nonce.slice(2), gs2Header: header[0], bare };
}

/** Parses client-final-message, or undefined where it is not one. */
export function parseClientFinal(data: Buffer): ClientFinal | undefined {
  const text = decode(data);
  const end = text?.lastIndexOf(",p=") ?? -1;
  if (text === undefined || end === -1) return undefined;
  const withoutProof = text.slice(0, end);
  const proof = strictBase64(text.slice(end + 3));
  const [binding, nonce, ...extensions] = withoutProof.split(",", MAX_EXTENSIONS + 3);
  const channelBinding = binding?.startsWith("c=") ? strictBase64(binding.slice(2)) : undefined;
  if (channelBinding === undefined || proof === undefined || proof.length === 0) return undefined;
  if (!nonce?.startsWith("r=") || !isNonce(nonce.slice(2)) || !areExtensions(extensions)) return undefined;
  return { channelBinding, nonce: nonce.slice(2), proof, withoutProof };
}

/** server-first-message, with the hash of XEP-0474 where there is one. */
export function serverFirst(nonce: string, salt: Buffer, iterations: number, downgradeHash: string): string {
  return `r=${nonce},s=${salt.toString("base64")},i=${iterations},h=${downgradeHash}`;
}

function flag(plain: string | undefined, type: string | undefined): BindingFlag {
  if (type !== undefined) return { kind: "used", type };
  return { kind: plain === "y" ? "unused" : "none" };
}

/** saslname: "," is =2C and "=" is =3D, and no other "=" occurs. RFC 5802 §5.1. */
function decodeName(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined;
  return text.replace(/=2C|=3D/g, (code) => (code === "=2C" ? "," : "="));
}

/** Printable ASCII without ",", of bounded length. RFC 5802 §7 (a final message's nonce is the client's and ours). */
function isNonce(text: string): boolean {
  return text.length >= 1 && text.length <= MAX_NONCE && /^[\x21-\x2b\x2d-\x7e]+$/.test(text);
}

/** Optional attributes are ignored but for their form; those with a meaning, "m" first of all, have no place here. */
function areExtensions(attributes: readonly string[]): boolean {
  return attributes.length <= MAX_EXTENSIONS && attributes.every((one) => /^(?![aceimnprsv])[A-Za-z]=./su.test(one));
}
