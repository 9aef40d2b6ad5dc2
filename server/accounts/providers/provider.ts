// The port of authentication providers, and the chain that asks them in order.

import { AuthenticationUnavailable } from "../../ports/account-errors.ts";
import type { ScramHash, ScramKeys } from "../../ports/store.ts";
import type { CredentialSource, Fitted } from "../../sasl/mechanism.ts";
import { SCRAM_HASHES } from "../../sasl/scram-keys.ts";

/**
 * One way to know an account's credentials. `local` is always prepared. A provider that cannot answer throws
 * `AuthenticationUnavailable` or `StoreUnavailable`: then nobody is refused for good.
 */
export interface AuthenticationProvider {
  /** For logs. */
  readonly name: string;
  /** Domains it answers for; absent: all. */
  readonly domains?: readonly string[] | undefined;
  /** Hashes it has keys for; absent: none, and SCRAM is not offered on its account. */
  readonly hashes?: readonly ScramHash[];
  scramKeys?(domain: string, local: string, hash: ScramHash): Promise<ScramKeys | undefined>;
  /** Takes as long for an account that does not exist as for a wrong password. */
  checkPassword: CredentialSource["checkPassword"];
  exists?(domain: string, local: string): Promise<boolean>;
}

/** Settings of `ProviderChain`. */
export interface ProviderChainOptions {
  /** Told what a provider threw. */
  readonly report?: (error: unknown, provider: string) => void;
  /** Called after a provider accepted a password, and waited for: to make the account where it is not stored yet. */
  readonly accepted?: (provider: string, domain: string, local: string) => Promise<void> | void;
}

/** Several providers as one source: the first that knows, or accepts, decides. */
export class ProviderChain implements CredentialSource {
  private readonly providers: readonly AuthenticationProvider[];
  private readonly options: ProviderChainOptions;

  constructor(providers: readonly AuthenticationProvider[], options: ProviderChainOptions = {}) {
    this.providers = providers;
    this.options = options;
  }

  scramHashes(domain: string): readonly ScramHash[] {
    const all = new Set(this.of(domain).flatMap((provider) => provider.hashes ?? []));
    return SCRAM_HASHES.filter((hash) => all.has(hash));
  }

  scramKeys(domain: string, local: string, hash: ScramHash): Promise<ScramKeys | undefined> {
    return this.first(domain, (provider) => provider.scramKeys?.(domain, local, hash));
  }

  async checkPassword(domain: string, local: string, password: string, fitted?: Fitted): Promise<boolean> {
    const by = await this.first(domain, async (provider) =>
      (await provider.checkPassword(domain, local, password, fitted)) ? provider.name : undefined,
    );
    if (by === undefined) return false;
    await this.options.accepted?.(by, domain, local);
    return true;
  }

  async exists(domain: string, local: string): Promise<boolean> {
    const found = await this.first(domain, async (provider) => (await provider.exists?.(domain, local)) || undefined);
    return found ?? false;
  }

  private of(domain: string): readonly AuthenticationProvider[] {
    return this.providers.filter(({ domains }) => domains === undefined || domains.includes(domain));
  }

  /**
   * The first answer that is not undefined. One that failed is passed over; but where then none answers, the outcome is
   * open. @throws AuthenticationUnavailable
   */
  private async first<T>(
    domain: string,
    ask: (provider: AuthenticationProvider) => Promise<T | undefined> | undefined,
  ): Promise<T | undefined> {
    let failed: string | undefined;
    for (const provider of this.of(domain)) {
      try {
        const answer = await ask(provider);
        if (answer !== undefined) return answer;
      } catch (error) {
        failed = provider.name;
        this.options.report?.(error, provider.name);
      }
    }
    if (failed !== undefined)
      throw new AuthenticationUnavailable(`authentication provider ${failed} gave no answer`, true);
    return undefined;
  }
}
