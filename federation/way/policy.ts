// What is asked of a remote domain: the first policy that names it, over the general settings.
import type { FederationConfig, RemotePolicy } from "../../contract/contract.ts";

/** What holds for one remote domain. */
export interface Policy {
  /** Where it is written: `policies[2]`, or `the general settings`; told with each decision. */
  readonly rule: string;
  readonly refuse: boolean;
  readonly requireEncryption: boolean;
  readonly requireValidCertificate: boolean;
  /** A key proves the peer to us. */
  readonly allowDialback: boolean;
  /** A key of ours may prove us to the peer, which a policy that wants its certificate says nothing of. */
  readonly sendDialback: boolean;
  readonly bidirectional: boolean;
  /** What the peer accepts may be sent before it says so. */
  readonly pipelining: boolean;
  readonly maxStreams: number;
  readonly maxDomainsPerStream: number;
  readonly bytesPerSecond: number;
  readonly stanzasPerSecond: number;
}

/** Policies remembered by domain. */
const CACHE_LIMIT = 10_000;

/** The policies of one configuration, remembered by domain. */
export class Policies {
  private readonly config: FederationConfig;
  private readonly known = new Map<string, Policy>();

  constructor(config: FederationConfig) {
    this.config = config;
  }

  of(domain: string): Policy {
    let policy = this.known.get(domain);
    if (policy === undefined) {
      policy = policyFor(this.config, domain);
      if (this.known.size >= CACHE_LIMIT) this.known.clear();
      this.known.set(domain, policy);
    }
    return policy;
  }
}

/** The policy for a remote domain. `*.example.org` names every domain below example.org, `*` every domain. */
export function policyFor(config: FederationConfig, domain: string): Policy {
  const index = config.policies.findIndex(({ domains }) => domains.some((pattern) => matches(pattern, domain)));
  const own = config.policies[index];
  return {
    rule: own === undefined ? "the general settings" : `policies[${index}]`,
    refuse: own?.refuse ?? false,
    requireEncryption: own?.requireEncryption ?? config.requireEncryption,
    requireValidCertificate: own?.requireValidCertificate ?? config.requireValidCertificate,
    allowDialback: allowsDialback(config, own),
    sendDialback: own?.allowDialback ?? config.allowDialback,
    bidirectional: own?.bidirectional ?? config.bidirectional,
    pipelining: own?.pipelining ?? config.links.includes(domain),
    maxStreams: own?.maxStreams ?? config.maxStreams,
    maxDomainsPerStream: own?.maxDomainsPerStream ?? config.maxDomainsPerStream,
    bytesPerSecond: own?.bytesPerSecond ?? config.bytesPerSecond,
    stanzasPerSecond: own?.stanzasPerSecond ?? config.stanzasPerSecond,
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
