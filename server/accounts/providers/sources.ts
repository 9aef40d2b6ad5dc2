// The authentication providers a configuration names, as one source, tried in order.
import type { Logger } from "pino";
import type { AuthenticationConfig, ProviderConfig } from "../../../contract/contract.ts";
import { ConfigError } from "../../../contract/load.ts";
import { readNamed } from "../../../contract/named-file.ts";
import { readSecret } from "../../../contract/secret.ts";
import type { Clock } from "../../../xmpp/clock.ts";
import { logFailure } from "../../observe/failure.ts";
import type { CredentialSource } from "../../sasl/mechanism.ts";
import type { Accounts } from "../accounts.ts";
import { httpProvider } from "./http.ts";
import { jwtProvider } from "./jwt.ts";
import { type AuthenticationProvider, ProviderChain } from "./provider.ts";
import { storedProvider } from "./stored.ts";

/** What credentials rest on. */
export interface SourceParts {
  readonly accounts: Accounts;
  /** Called when a provider accepted a password, and waited for: there is an account afterwards. */
  readonly vouched: (domain: string, local: string) => Promise<void> | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The source that SASL asks. Stored accounts alone need no chain. @throws ConfigError */
export function credentialSource(
  config: AuthenticationConfig,
  { accounts, vouched, clock, log }: SourceParts,
): CredentialSource {
  if (config.providers.every(({ kind }) => kind === "stored")) return accounts;
  const providers = config.providers.map((provider, i) =>
    provider.kind === "stored"
      ? storedProvider(accounts)
      : outsideProvider(provider, clock, `authentication.providers[${i}]`),
  );
  return new ProviderChain(providers, {
    report: (error, provider) => logFailure(log, error, "an authentication provider failed", { provider }),
    accepted: (provider, domain, local) => (provider === "stored" ? undefined : vouched(domain, local)),
  });
}

/** A provider other than the accounts of the store; `path` is its place in the configuration. @throws ConfigError */
export function outsideProvider(
  config: Exclude<ProviderConfig, { kind: "stored" }>,
  clock: Clock,
  path: string,
): AuthenticationProvider {
  if (config.kind === "http") {
    const { kind: _kind, token, ...rest } = config;
    const secret = token === undefined ? {} : { token: readSecret(token, `${path}.token`) };
    return orConfigError(path, () => httpProvider({ ...rest, ...secret, clock }));
  }
  const { kind: _kind, secret, publicKeyFile = "", ...rest } = config;
  const key =
    secret !== undefined ? readSecret(secret, `${path}.secret`) : readNamed(publicKeyFile, `${path}.publicKeyFile`);
  const where = secret !== undefined ? path : `${path}.publicKeyFile: ${publicKeyFile}`;
  return orConfigError(where, () => jwtProvider({ ...rest, key, clock }));
}

function orConfigError<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new ConfigError("configuration", [`${path}: ${(error as Error).message}`]);
  }
}
