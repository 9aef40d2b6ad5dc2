// Tokens of an account's installations: derived by a key that is in no database, of which only the nonces are kept. XEP-0484.

import { createHash, createHmac, randomBytes } from "node:crypto";
import { FAST_TOKENS as KIND } from "../documents/secret-kinds.ts";
import { DOCUMENTS } from "../documents/store.ts";
import type { ClientHost } from "../ports/host.ts";
import type { AccountRecord } from "../ports/store.ts";

const DAY = 86_400_000;
/** ms a token lives whose account has a password here: a new password ends it at once. */
export const LIFETIME = 14 * DAY;
/**
 * ms a token lives whose account another provider vouches for: nobody tells when that one no longer would, so that it
 * is asked again after this time, however often the token was used.
 */
export const VOUCHED_LIFETIME = 3_600_000;
/** Installations of one account that may hold tokens. */
const TOKEN_LIMIT = 25;

/** One token as kept: what it is derived from, and the highest count it was used with. */
export interface TokenNonce {
  readonly nonce: string;
  /** XEP-0484 §3.3: a request with this count or a lower one is a replay. */
  readonly count?: number;
  /** ms since the epoch. */
  readonly expires: number;
}

/** What is kept for an installation. */
export interface Token extends TokenNonce {
  readonly mechanism: string;
  /** ms since the epoch. */
  readonly issuedAt: number;
  /** Stands for the password it was issued under: a new password ends the token. */
  readonly credentials: string;
  /** The token before, accepted until this one was used. */
  readonly previous?: TokenNonce;
}

/** The account behind tokens: what changes with its password, and whether it has one here at all. */
export interface Owner {
  readonly credentials: string;
  readonly hasPassword: boolean;
}

/** What is kept for an installation, as it was read: what is written in its place rests on it. */
export interface Kept {
  readonly text: string | undefined;
  /** Undefined where there is none, or none that could still be used. */
  readonly token: Token | undefined;
}

/** What an account is to its tokens; undefined for none. */
export function ownerOf(account: AccountRecord | undefined): Owner | undefined {
  if (account === undefined) return undefined;
  const keys = account.credentials["SHA-256"] ?? account.credentials["SHA-1"] ?? account.credentials["SHA-512"];
  const mark = createHash("sha256").update(keys?.storedKey ?? "");
  return { credentials: mark.digest("base64url"), hasPassword: keys !== undefined };
}

/** What tokens need of their host. */
export type TokenHost = Pick<ClientHost, "domain" | "clock" | "storage">;

/** The tokens of one account on one host. */
export class AccountTokens {
  private readonly host: TokenHost;
  private readonly key: Buffer;
  private readonly local: string;

  constructor(host: TokenHost, key: Buffer, local: string) {
    this.host = host;
    this.key = key;
    this.local = local;
  }

  /** The token's text, which only the client has. */
  secretOf({ nonce }: Pick<TokenNonce, "nonce">, userAgent: string): string {
    const parts = JSON.stringify([this.host.domain, this.local, userAgent, nonce]);
    return createHmac("sha256", this.key).update(parts).digest("base64url");
  }

  /** What is kept; whether its account still has the password that it was issued under is for others to see. */
  async read(userAgent: string): Promise<Kept> {
    const { domain, clock, storage } = this.host;
    const text = this.local === "" ? undefined : await storage.of(DOCUMENTS).get(domain, this.local, KIND, userAgent);
    const token = text === undefined ? undefined : parsed(text);
    return { text, token: token !== undefined && token.expires > clock.now() ? token : undefined };
  }

  static newNonce(): string {
    return randomBytes(16).toString("base64url");
  }

  /** Keeps a token in place of what was read; false where that is there no more, so that nothing ended comes back. */
  replace(userAgent: string, { text }: Kept, token: Token): Promise<boolean> {
    const { domain, storage } = this.host;
    return storage
      .of(DOCUMENTS)
      .replace({ domain, local: this.local, kind: KIND, key: userAgent, text: JSON.stringify(token) }, text);
  }

  async remove(userAgent: string): Promise<void> {
    await this.host.storage.of(DOCUMENTS).remove(this.host.domain, this.local, KIND, userAgent);
  }

  /**
   * Forgets the oldest installations where the account has too many. To be done once the newest is kept: of several nodes
   * that keep one each at once, whoever comes last sees them all.
   */
  async keepWithinLimit(newest: string): Promise<void> {
    const kept = await this.host.storage.of(DOCUMENTS).list(this.host.domain, this.local, KIND);
    if (kept.length <= TOKEN_LIMIT) return;
    const oldest = kept
      .filter(({ key }) => key !== newest)
      .map(({ key, text }) => ({ key, text, issuedAt: parsed(text)?.issuedAt ?? 0 }))
      .sort((a, b) => a.issuedAt - b.issuedAt)
      .slice(0, kept.length - TOKEN_LIMIT);
    const { domain, storage } = this.host;
    let asSeen = true;
    for (const { key, text } of oldest)
      asSeen = (await storage.of(DOCUMENTS).removeAs({ domain, local: this.local, kind: KIND, key, text })) && asSeen;
    // One that another node issued anew meanwhile is not among the oldest any more: another goes in its place.
    if (!asSeen) await this.keepWithinLimit(newest);
  }
}

/** A token of an older form is none. */
function parsed(text: string): Token | undefined {
  const token = JSON.parse(text) as Partial<Token>;
  return typeof token.nonce === "string" && typeof token.expires === "number" ? (token as Token) : undefined;
}
