// What a store in memory keeps, by account.
import type { StoreAccount } from "../../ports/store.ts";
import { checkAccount } from "../backend/text.ts";

/** Domain → local part → what is kept. Every account is checked as a store on disk checks it. */
export class ByAccount<T> {
  readonly #domains = new Map<string, Map<string, T>>();

  /** @throws UnstorableText */
  get(domain: string, local: string): T | undefined {
    checkAccount(domain, local);
    return this.#domains.get(domain)?.get(local);
  }

  /** What is kept, `make` where nothing is yet. @throws UnstorableText */
  need(domain: string, local: string, make: () => T): T {
    const found = this.get(domain, local);
    if (found !== undefined) return found;
    const made = make();
    this.set(domain, local, made);
    return made;
  }

  /** @throws UnstorableText */
  set(domain: string, local: string, value: T): void {
    checkAccount(domain, local);
    const ofDomain = this.#domains.get(domain) ?? new Map<string, T>();
    this.#domains.set(domain, ofDomain.set(local, value));
  }

  /** Forgets an account. True where there was something. */
  delete({ domain, local }: StoreAccount): boolean {
    return this.#domains.get(domain)?.delete(local) ?? false;
  }

  /** Local parts of a domain with what is kept. */
  of(domain: string): Iterable<[string, T]> {
    return this.#domains.get(domain) ?? [];
  }

  /** Everything with its account. */
  *all(): Generator<readonly [StoreAccount, T]> {
    for (const [domain, ofDomain] of this.#domains)
      for (const [local, value] of ofDomain) yield [{ domain, local }, value];
  }
}
