// The client's side of SCRAM-SHA-256. RFC 5802, RFC 7677. Pure but for the nonce.
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

/** A started exchange. */
export interface ScramExchange {
  /** The client-first message. */
  readonly first: string;
  /** The client-final message in answer to the server-first one. @throws Error for one that is none */
  final(serverFirst: string): string;
  /** True when the server-final message proves that the server knows the password. */
  proves(serverFinal: string): boolean;
}

/** Begins an exchange, without channel binding. */
export function startScram(user: string, password: string, nonce = randomBytes(18).toString("base64")): ScramExchange {
  const bare = `n=${user.replace(/=/g, "=3D").replace(/,/g, "=2C")},r=${nonce}`;
  let signature = Buffer.alloc(0);
  return {
    first: `n,,${bare}`,
    final(serverFirst) {
      const { r = "", s = "", i = "" } = attributesOf(serverFirst);
      const iterations = Number(i);
      if (!r.startsWith(nonce) || r === nonce || !(iterations >= 4096)) throw new Error("the server's SCRAM is wrong");
      const salted = pbkdf2Sync(password, Buffer.from(s, "base64"), iterations, 32, "sha256");
      const clientKey = hmac(salted, "Client Key");
      const withoutProof = `c=biws,r=${r}`;
      const message = `${bare},${serverFirst},${withoutProof}`;
      const stored = createHash("sha256").update(clientKey).digest();
      const proof = xor(clientKey, hmac(stored, message));
      signature = hmac(hmac(salted, "Server Key"), message);
      return `${withoutProof},p=${proof.toString("base64")}`;
    },
    proves(serverFinal) {
      const given = Buffer.from(attributesOf(serverFinal).v ?? "", "base64");
      return given.length === signature.length && timingSafeEqual(given, signature);
    },
  };
}

function attributesOf(message: string): Record<string, string> {
  return Object.fromEntries(message.split(",").map((part) => [part.slice(0, 1), part.slice(2)]));
}

function hmac(key: Buffer, text: string): Buffer<ArrayBuffer> {
  return createHmac("sha256", key).update(text).digest() as Buffer<ArrayBuffer>;
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));
}
