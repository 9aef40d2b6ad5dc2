// The client's side of SCRAM, with or without channel binding. RFC 5802, RFC 7677, RFC 9266.
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

/** Hash of a SCRAM mechanism, as its name has it. */
export type ScramHash = "SHA-1" | "SHA-256" | "SHA-512";

/** What an exchange is made of. */
export interface ScramOptions {
  readonly hash: ScramHash;
  readonly user: string;
  readonly password: string;
  /** Authorization identity, where it is another one. RFC 5802 §5.1. */
  readonly authzid?: string | undefined;
  /** GS2 flag: `n`, `y`, or `p=` with the name of the binding. RFC 5802 §6. Default: `n`. */
  readonly flag?: string | undefined;
  /** Data of the channel binding that the flag names. */
  readonly binding?: Buffer | undefined;
  /** Default: random. */
  readonly nonce?: string | undefined;
}

/** A started exchange. */
export interface ScramExchange {
  /** The client-first-message. */
  readonly first: string;
  /** The client-final-message in answer to the server-first one. @throws Error for one that is none */
  final(serverFirst: string): string;
  /** True where the server-final-message proves that the server knows the password. */
  proves(serverFinal: string): boolean;
}

interface Keys {
  readonly clientKey: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** RFC 7677 §4. */
const LEAST_ITERATIONS = 4096;
/** Keys kept: RFC 5802 §3 lets a client derive them once. */
const KEYS = 10_000;
const derived = new Map<string, Keys>();

/** Begins an exchange. */
export function startScram(options: ScramOptions): ScramExchange {
  const { hash, user, password, authzid, flag = "n", binding = Buffer.alloc(0) } = options;
  const nonce = options.nonce ?? randomBytes(18).toString("base64");
  const header = `${flag},${authzid === undefined ? "" : `a=${escapeName(authzid)}`},`;
  const bare = `n=${escapeName(user)},r=${nonce}`;
  let signature = Buffer.alloc(0);
  return {
    first: header + bare,
    final(serverFirst) {
      const { r = "", s = "", i = "" } = attributesOf(serverFirst);
      if (!r.startsWith(nonce) || r === nonce || !(Number(i) >= LEAST_ITERATIONS))
        throw new Error(`the server's SCRAM is wrong: ${serverFirst}`);
      const { clientKey, storedKey, serverKey } = keysOf(hash, password, s, Number(i));
      const withoutProof = `c=${Buffer.concat([Buffer.from(header), binding]).toString("base64")},r=${r}`;
      const signed = `${bare},${serverFirst},${withoutProof}`;
      signature = hmac(hash, serverKey, signed);
      const proof = xor(clientKey, hmac(hash, storedKey, signed));
      return `${withoutProof},p=${proof.toString("base64")}`;
    },
    proves(serverFinal) {
      const given = Buffer.from(attributesOf(serverFinal).v ?? "", "base64");
      return signature.length > 0 && given.length === signature.length && timingSafeEqual(given, signature);
    },
  };
}

function keysOf(hash: ScramHash, password: string, salt: string, iterations: number): Keys {
  const id = `${hash} ${iterations} ${salt} ${password}`;
  const known = derived.get(id);
  if (known !== undefined) return known;
  const name = digestOf(hash);
  const length = createHash(name).digest().length;
  const salted = pbkdf2Sync(password.normalize("NFKC"), Buffer.from(salt, "base64"), iterations, length, name);
  const clientKey = hmac(hash, salted, "Client Key");
  const storedKey = createHash(name).update(clientKey).digest();
  const keys = { clientKey, storedKey, serverKey: hmac(hash, salted, "Server Key") };
  if (derived.size >= KEYS) derived.clear();
  derived.set(id, keys);
  return keys;
}

function attributesOf(message: string): Record<string, string> {
  return Object.fromEntries(message.split(",").map((part) => [part.slice(0, 1), part.slice(2)]));
}

/** RFC 5802 §5.1. */
function escapeName(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

function digestOf(hash: ScramHash): string {
  return hash.replace("SHA-", "sha");
}

function hmac(hash: ScramHash, key: Buffer, text: string): Buffer<ArrayBuffer> {
  return createHmac(digestOf(hash), key).update(text).digest() as Buffer<ArrayBuffer>;
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));
}
