// The authentication providers a configuration names, as one source, tried in order.
import { readFileSync } from "node:fs";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { AuthenticationConfig, ProviderConfig } from "../config/contract.ts";
import { ConfigError } from "../config/load.ts";
import { readSecret } from "../config/secret.ts";
import { logFailure } from "../observe/failure.ts";
import type { CredentialSource } from "../sasl/mechanism.ts";
import type { Accounts } from "./accounts.ts";
import { httpProvider } from "./providers/http.ts";
import { jwtProvider } from "./providers/jwt.ts";
import { type AuthenticationProvider, ProviderChain } from "./providers/provider.ts";
import { storedProvider } from "./providers/stored.ts";

/** The source that SASL asks. Stored accounts alone need no chain. @throws ConfigError */
export function credentialSource(
  config: AuthenticationConfig,
  accounts: Accounts,
  clock: Clock,
  log: Logger,
): CredentialSource {
  if (config.providers.every(({ kind }) => kind === "stored")) return accounts;
  const providers = config.providers.map((provider, i) =>
    makeProvider(provider, accounts, clock, `authentication.providers[${i}]`),
  );
  return new ProviderChain(providers, {
    report: (error, provider) => logFailure(log, error, "an authentication provider failed", { provider }),
    // Rosters and archives hang on an account of ours, whoever vouches for its password.
    accepted: (provider, domain, local) => (provider === "stored" ? undefined : accounts.ensure(domain, local)),
  });
}

function makeProvider(config: ProviderConfig, accounts: Accounts, clock: Clock, path: string): AuthenticationProvider {
  switch (config.kind) {
    case "stored":
      return storedProvider(accounts);
    case "http": {
      const { kind: _kind, token, ...rest } = config;
      const secret = token === undefined ? {} : { token: readSecret(token, `${path}.token`) };
      return orConfigError(path, () => httpProvider({ ...rest, ...secret, clock }));
    }
    case "jwt": {
      const { kind: _kind, secret, publicKeyFile, ...rest } = config;
      const key =
        secret !== undefined
          ? readSecret(secret, `${path}.secret`)
          : orConfigError(path, () => readFileSync(publicKeyFile ?? "", "utf8"));
      return orConfigError(path, () => jwtProvider({ ...rest, key, clock }));
    }
  }
}

function orConfigError<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new ConfigError("configuration", [`${path}: ${(error as Error).message}`]);
  }
}
