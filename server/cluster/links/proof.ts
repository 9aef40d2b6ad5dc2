// What two members say before the first frame: each proves to the other that it has read its record in the registry.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Characters that a member may say before it has proven anything. */
export const PROOF_LIMIT = 1_024;

/** Who connects to whom. */
export interface Ends {
  readonly from: string;
  readonly to: string;
}

/** The first line: who asks for whom. Whoever does not have the key of `to` gets no answer. */
interface Asking extends Ends {
  readonly nonce: string;
  readonly mac: string;
}

/** The connecting member's side. `key` is the other one's, from its record. */
export class AskingProof {
  readonly ends: Ends;
  private readonly key: Buffer;
  private readonly nonce = newNonce();

  constructor(key: Buffer, ends: Ends) {
    this.key = key;
    this.ends = ends;
  }

  first(): string {
    const { nonce, ends } = this;
    return JSON.stringify({ ...ends, nonce, mac: macOf(this.key, "asks", ends, nonce) });
  }

  /** Takes the answer; the last line, or undefined where the other side does not know its own key. */
  last(line: string): string | undefined {
    const [nonce, mac] = stringsOf(line, ["nonce", "mac"]) ?? [];
    if (nonce === undefined || !same(mac, macOf(this.key, "answers", this.ends, this.nonce, nonce))) return undefined;
    return JSON.stringify({ mac: macOf(this.key, "confirms", this.ends, this.nonce, nonce) });
  }
}

/** The side that listens, with its own key. */
export class AnsweringProof {
  private readonly key: Buffer;
  private readonly nonce = newNonce();
  private asking: Asking | undefined;

  constructor(key: Buffer) {
    this.key = key;
  }

  /** Takes the first line; the answer, or undefined where nothing is to be said to whoever sent it. */
  answer(line: string, self: string): string | undefined {
    const [from, to, nonce, mac] = stringsOf(line, ["from", "to", "nonce", "mac"]) ?? [];
    if (from === undefined || to !== self || nonce === undefined || mac === undefined) return undefined;
    if (!same(mac, macOf(this.key, "asks", { from, to }, nonce))) return undefined;
    this.asking = { from, to, nonce, mac };
    return JSON.stringify({ nonce: this.nonce, mac: macOf(this.key, "answers", this.asking, nonce, this.nonce) });
  }

  /** Takes the last line; who it is, or undefined where that is not proven. An answer that was overheard proves nothing. */
  proven(line: string): string | undefined {
    const { asking } = this;
    const [mac] = stringsOf(line, ["mac"]) ?? [];
    if (asking === undefined) return undefined;
    return same(mac, macOf(this.key, "confirms", asking, asking.nonce, this.nonce)) ? asking.from : undefined;
  }
}

function newNonce(): string {
  return randomBytes(24).toString("base64url");
}

function macOf(key: Buffer, what: string, { from, to }: Ends, ...nonces: readonly string[]): string {
  return createHmac("sha256", key)
    .update(JSON.stringify([what, from, to, ...nonces]))
    .digest("base64url");
}

function same(given: string | undefined, right: string): boolean {
  const [a, b] = [Buffer.from(given ?? ""), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Those fields of a JSON object, where each is a text. */
function stringsOf(line: string, names: readonly string[]): string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = names.map((name) => (Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined));
  return fields.every((field) => typeof field === "string") ? fields : undefined;
}
