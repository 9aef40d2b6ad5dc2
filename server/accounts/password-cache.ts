// Makes a repeated PLAIN log-in cheap: remembers which password fitted which stored key, without keeping either.
import { hash, randomBytes, timingSafeEqual } from "node:crypto";

interface Entry {
  /** Hash of the password with this process' own key. */
  readonly tag: Buffer;
  /** The stored key that the password fitted; another one means that the password was changed. */
  readonly storedKey: Buffer;
}

/** Passwords that fitted, by account. Bounded: the account whose log-in is longest ago goes first. */
export class PasswordCache {
  private readonly key = randomBytes(32);
  private readonly entries = new Map<string, Entry>();
  private readonly limit: number;

  /** `limit` accounts at most; 0 switches the cache off. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** True where this password fitted this stored key before. Takes as long for an account that is not remembered. */
  knows(domain: string, local: string, password: string, storedKey: Buffer | undefined): boolean {
    const account = `${local}@${domain}`;
    const tag = this.tag(account, password);
    const entry = this.entries.get(account);
    if (entry === undefined) return false;
    if (storedKey === undefined || !entry.storedKey.equals(storedKey)) {
      this.entries.delete(account);
      return false;
    }
    if (!timingSafeEqual(entry.tag, tag)) return false;
    this.entries.delete(account);
    this.entries.set(account, entry);
    return true;
  }

  /** Remembers a password that fitted. */
  remember(domain: string, local: string, password: string, storedKey: Buffer): void {
    if (this.limit === 0) return;
    const account = `${local}@${domain}`;
    this.entries.delete(account);
    this.entries.set(account, { tag: this.tag(account, password), storedKey });
    if (this.entries.size <= this.limit) return;
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest);
      break;
    }
  }

  forget(domain: string, local: string): void {
    this.entries.delete(`${local}@${domain}`);
  }

  /** Never leaves the process, so that a hash between two keys does, at a third of an HMAC's price. */
  private tag(account: string, password: string): Buffer {
    const text = Buffer.from(`${account}\0${password}`);
    return hash("sha256", Buffer.concat([this.key, text, this.key]), "buffer");
  }
}
