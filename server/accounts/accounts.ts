// Accounts with stored SCRAM keys: made, changed and removed, and asked by SASL.
import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "../../xmpp/clock.ts";
import { prepareLocalpart } from "../../xmpp/jid/precis.ts";
import { PasswordError } from "../ports/account-errors.ts";
import type { AccountStore, ScramHash, ScramKeys } from "../ports/store.ts";
import type { CredentialSource, Fitted } from "../sasl/mechanism.ts";
import { DEFAULT_ITERATIONS, decoyKeys, SCRAM_HASHES } from "../sasl/scram-keys.ts";
import { deriveCredentials, passwordFits } from "./credentials.ts";
import { preparePassword } from "./password.ts";
import { PasswordCache } from "./password-cache.ts";

/** Settings of `Accounts`. */
export interface AccountsOptions {
  /** Iterations of keys made from now on. */
  readonly iterations?: number;
  /** Iterations that keys of accounts have: a wrong password costs an account that is none as many. Default: the above. */
  readonly decoyIterations?: readonly number[];
  /** Accounts whose last password check is remembered; 0: none. */
  readonly cacheSize?: number;
  readonly clock?: Clock;
  /** Fewest characters of a password that a person chooses. */
  readonly minPasswordLength?: number;
}

const DEFAULT_MIN_LENGTH = 8;

/** Hash used to check a password: the cheapest sound one comes first. */
const CHECK_ORDER: readonly ScramHash[] = ["SHA-256", "SHA-512", "SHA-1"];

/** The accounts of every virtual host. Localparts need no preparation, except where told. */
export class Accounts implements CredentialSource {
  private readonly store: AccountStore;
  private readonly decoySecret = randomBytes(32); // its salts are never shown
  private readonly iterations: number;
  private readonly decoyIterations: readonly number[];
  private readonly cache: PasswordCache;
  private readonly clock: Clock;
  private readonly minPasswordLength: number;

  constructor(store: AccountStore, options: AccountsOptions = {}) {
    this.store = store;
    this.iterations = options.iterations ?? DEFAULT_ITERATIONS;
    this.decoyIterations = options.decoyIterations ?? [this.iterations];
    this.cache = new PasswordCache(options.cacheSize ?? 10_000);
    this.clock = options.clock ?? systemClock;
    this.minPasswordLength = options.minPasswordLength ?? DEFAULT_MIN_LENGTH;
  }

  /** False where the account exists already. @throws JidError, PasswordError */
  async create(domain: string, local: string, password: string): Promise<boolean> {
    const name = prepareLocalpart(local);
    const credentials = await deriveCredentials(password, this.iterations);
    return this.store.create(domain, name, credentials, this.clock.now());
  }

  /**
   * Makes an account without keys, for one that another provider (JWT, HTTP) vouches for; leaves one that exists as it
   * is, and is false then. @throws JidError
   */
  async ensure(domain: string, local: string): Promise<boolean> {
    const name = prepareLocalpart(local);
    if (await this.store.exists(domain, name)) return false;
    return this.store.create(domain, name, {}, this.clock.now());
  }

  /**
   * What a person chooses as a password is held to this; `create` and `setPassword` take what a program made.
   * @throws PasswordError that says what is missing, and never holds the password
   */
  checkPolicy(local: string, password: string): void {
    if ([...password].length < this.minPasswordLength)
      throw new PasswordError(`a password has at least ${this.minPasswordLength} characters`);
    if (password.toLowerCase() === local.toLowerCase()) throw new PasswordError("a password is not the account's name");
    if (new Set(password).size === 1) throw new PasswordError("a password is more than one character repeated");
  }

  /** False where there is no such account; `local` is prepared. Streams that are open stay. */
  setDisabled(domain: string, local: string, disabled: boolean): Promise<boolean> {
    return this.store.setDisabled(domain, local, disabled);
  }

  /** False where there is no such account. @throws JidError, PasswordError */
  async setPassword(domain: string, local: string, password: string): Promise<boolean> {
    const name = prepareLocalpart(local);
    const credentials = await deriveCredentials(password, this.iterations);
    const changed = await this.store.setCredentials(domain, name, credentials);
    this.cache.forget(domain, name);
    return changed;
  }

  /** Removes the account and all that is kept for it. False where there was none. @throws JidError */
  async delete(domain: string, local: string): Promise<boolean> {
    const name = prepareLocalpart(local);
    const deleted = await this.store.delete(domain, name);
    this.cache.forget(domain, name);
    return deleted;
  }

  /** Localparts in order, after `after`. */
  list(domain: string, after = "", limit = 100): Promise<string[]> {
    return this.store.list(domain, after, limit);
  }

  /** How many accounts a domain has. */
  count(domain: string): Promise<number> {
    return this.store.count(domain);
  }

  /** `local` is prepared. */
  exists(domain: string, local: string): Promise<boolean> {
    return this.store.exists(domain, local);
  }

  scramHashes(): readonly ScramHash[] {
    return SCRAM_HASHES;
  }

  /** `local` is prepared. */
  async scramKeys(domain: string, local: string, hash: ScramHash): Promise<ScramKeys | undefined> {
    return (await this.store.get(domain, local))?.credentials[hash];
  }

  /**
   * Checks a password; `local` is prepared. An unknown account costs what a wrong password does: one derivation. A
   * password that was right before, and is still the account's, costs one HMAC. `fitted` is told which key.
   */
  async checkPassword(domain: string, local: string, password: string, fitted?: Fitted): Promise<boolean> {
    const credentials = (await this.store.get(domain, local))?.credentials;
    const hash = CHECK_ORDER.find((one) => credentials?.[one] !== undefined) ?? "SHA-256";
    const stored = credentials?.[hash];
    // Whether or not there is such an account, the same work is done up to the end.
    const known = this.cache.knows(domain, local, password, stored?.storedKey);
    if (known && stored !== undefined) {
      fitted?.(stored.storedKey);
      return true;
    }
    const decoy = decoyKeys(this.decoySecret, { domain, local, hash }, this.decoyIterations);
    const fits = await this.fits(hash, password, stored ?? decoy);
    if (!fits || stored === undefined) return false;
    this.cache.remember(domain, local, password, stored.storedKey);
    fitted?.(stored.storedKey);
    return true;
  }

  /** False also for a text that can be nobody's password. */
  private async fits(hash: ScramHash, password: string, keys: ScramKeys): Promise<boolean> {
    const prepared = await preparePassword(password).catch(() => undefined);
    return prepared !== undefined && passwordFits(hash, prepared, keys);
  }
}
