// The client's side of SCRAM and a stream's context, for tests alone.
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import type { Credentials, ScramHash } from "../../server/ports/store.ts";
import type { SaslContext, SaslStep } from "../../server/sasl/mechanism.ts";

const NODE_HASH = { "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512" } as const;
const BYTES = { "SHA-1": 20, "SHA-256": 32, "SHA-512": 64 } as const;

/** A context of example.org without TLS, with these accounts. */
export function fakeContext(accounts: Record<string, Credentials>, more: Partial<SaslContext> = {}): SaslContext {
  const known = new Map(Object.entries(accounts));
  return {
    domain: "example.org",
    encrypted: false,
    tls: undefined,
    credentials: {
      scramKeys: async (_, local, hash) => known.get(local)?.[hash],
      checkPassword: async (_, local, password) => known.has(local) && password === "orchard",
      exists: async (_, local) => known.has(local),
    },
    decoySecret: Buffer.alloc(32, 7),
    offered: ["SCRAM-SHA-256"],
    plainWithoutTls: false,
    ...more,
  };
}

/** The step, which must be of this kind. */
export function stepOf<K extends SaslStep["kind"]>(step: SaslStep, kind: K): Extract<SaslStep, { kind: K }> {
  if (step.kind !== kind) throw new Error(`expected ${kind}, got ${JSON.stringify(step)}`);
  return step as Extract<SaslStep, { kind: K }>;
}

/** SaltedPassword. */
export function salted(password: string, salt: Buffer, iterations: number, hash: ScramHash): Buffer {
  return pbkdf2Sync(password, salt, iterations, BYTES[hash], NODE_HASH[hash]);
}

/** client-first-message. */
export function clientFirst(gs2Header: string, name: string, nonce: string): string {
  return `${gs2Header}n=${name},r=${nonce}`;
}

/** What a client needs to write its final message. */
export interface FinalInput {
  readonly hash: ScramHash;
  readonly password: string;
  /** client-first-message as sent. */
  readonly first: string;
  /** server-first-message as received. */
  readonly challenge: string;
  /** Binding data as the client sees it. */
  readonly binding?: Buffer;
  /** Instead of the right ones, for attacks. */
  readonly nonce?: string;
  readonly gs2Header?: string;
}

/** client-final-message and the signature that the server must answer with. */
export function clientFinal(input: FinalInput): { message: string; serverSignature: string } {
  const { hash, first, challenge } = input;
  const header = /^[^,]*,[^,]*,/.exec(first)![0];
  const attributes = new Map(challenge.split(",").map((part) => [part.slice(0, 1), part.slice(2)]));
  const key = salted(input.password, Buffer.from(attributes.get("s")!, "base64"), Number(attributes.get("i")), hash);
  const bound = Buffer.concat([Buffer.from(input.gs2Header ?? header), input.binding ?? Buffer.alloc(0)]);
  const withoutProof = `c=${bound.toString("base64")},r=${input.nonce ?? attributes.get("r")}`;
  const authMessage = `${first.slice(header.length)},${challenge},${withoutProof}`;
  const hmac = (secret: Buffer, data: string) => createHmac(NODE_HASH[hash], secret).update(data).digest();
  const clientKey = hmac(key, "Client Key");
  const signature = hmac(createHash(NODE_HASH[hash]).update(clientKey).digest(), authMessage);
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!));
  return {
    message: `${withoutProof},p=${proof.toString("base64")}`,
    serverSignature: hmac(hmac(key, "Server Key"), authMessage).toString("base64"),
  };
}
