// What is asked of a remote domain: the first policy that names it, over the general settings.
import type { FederationConfig, RemotePolicy } from "../server/index.ts";

/** What holds for one remote domain. */
export interface Policy {
  readonly refuse: boolean;
  readonly requireEncryption: boolean;
  readonly requireValidCertificate: boolean;
  readonly allowDialback: boolean;
}

/** The policy for a remote domain. `*.example.org` names every domain below example.org, `*` every domain. */
export function policyFor(config: FederationConfig, domain: string): Policy {
  const own = config.policies.find(({ domains }) => domains.some((pattern) => matches(pattern, domain)));
  return {
    refuse: own?.refuse ?? false,
    requireEncryption: own?.requireEncryption ?? config.requireEncryption,
    requireValidCertificate: own?.requireValidCertificate ?? config.requireValidCertificate,
    allowDialback: allowsDialback(config, own),
  };
}

/** Dialback proves DNS only, so a policy that wants a certificate leaves no room for it. */
function allowsDialback(config: FederationConfig, own: RemotePolicy | undefined): boolean {
  const allowed = own?.allowDialback ?? config.allowDialback;
  return allowed && !(own?.requireValidCertificate ?? config.requireValidCertificate);
}

function matches(pattern: string, domain: string): boolean {
  if (pattern === "*") return true;
  return pattern.startsWith("*.") ? domain.endsWith(pattern.slice(1)) : pattern === domain;
}
