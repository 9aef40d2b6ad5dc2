// The client's side of SCRAM without channel binding. RFC 5802, RFC 7677.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** Hashes measured. */
export type Hash = "SHA-1" | "SHA-256";

interface Keys {
  readonly clientKey: Buffer;
  readonly storedKey: Buffer;
}

/** Keys by hash, password, salt and iterations: a client derives them once and keeps them, as RFC 5802 §3 permits. */
const derived = new Map<string, Keys>();

/** One exchange. */
export class ScramClient {
  private readonly hash: Hash;
  private readonly password: string;
  private readonly bare: string;
  private readonly nonce = randomBytes(12).toString("base64");

  constructor(hash: Hash, local: string, password: string) {
    this.hash = hash;
    this.password = password;
    this.bare = `n=${local},r=${this.nonce}`;
  }

  /** client-first-message */
  first(): string {
    return `n,,${this.bare}`;
  }

  /** client-final-message for a server-first-message. @throws Error where the nonce is not a continuation of ours */
  final(serverFirst: string): string {
    const match = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(serverFirst);
    const [, nonce = "", salt = "", iterations = "0"] = match ?? [];
    if (!nonce.startsWith(this.nonce)) throw new Error(`not a server-first-message: ${serverFirst}`);
    const keys = this.keys(salt, Number(iterations));
    const withoutProof = `c=biws,r=${nonce}`;
    const signature = hmac(this.hash, keys.storedKey, `${this.bare},${serverFirst},${withoutProof}`);
    const proof = Buffer.from(keys.clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
    return `${withoutProof},p=${proof.toString("base64")}`;
  }

  private keys(salt: string, iterations: number): Keys {
    const id = `${this.hash} ${iterations} ${salt} ${this.password}`;
    let keys = derived.get(id);
    if (keys === undefined) {
      const name = digest(this.hash);
      const length = this.hash === "SHA-1" ? 20 : 32;
      const salted = pbkdf2Sync(this.password, Buffer.from(salt, "base64"), iterations, length, name);
      const clientKey = hmac(this.hash, salted, "Client Key");
      keys = { clientKey, storedKey: createHash(name).update(clientKey).digest() };
      derived.set(id, keys);
    }
    return keys;
  }
}

function digest(hash: Hash): string {
  return hash === "SHA-1" ? "sha1" : "sha256";
}

function hmac(hash: Hash, key: Buffer, text: string): Buffer {
  return createHmac(digest(hash), key).update(text).digest();
}
