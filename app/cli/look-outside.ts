// What a configuration names outside of itself, read by what a node will read it with: authorities, keys, secrets.
import type { NodeConfig } from "../../contract/contract.ts";

/** Mistakes, each with its path in the configuration, and what another machine may have that this one has not. */
export interface LookedOutside {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** A setting that is a secret by file or variable. */
interface Outside {
  readonly path: string;
  readonly secret: { readonly file: string } | { readonly env: string };
}

/** Looks at the files and variables that `config` names. */
export async function lookOutside(config: NodeConfig): Promise<LookedOutside> {
  const server = await import("../../server/index.ts");
  const { ConfigError } = await import("../../contract/load.ts");
  const { readSecret } = await import("../../contract/secret.ts");
  const { systemClock } = await import("../../xmpp/clock.ts");
  const problems = new Set<string>();
  const tried = (look: () => unknown): void => {
    try {
      look();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) problems.add(problem);
    }
  };
  const { authentication, federation, cluster } = config;
  const authority = cluster?.redis.authority;
  tried(() => server.readAuthorities(authentication.clientAuthorities, "authentication.clientAuthorities"));
  tried(() => server.readEachCertificates(federation.trustedAuthorities, "federation.trustedAuthorities"));
  if (authority !== undefined) tried(() => server.readCertificates(authority, "cluster.redis.authority"));
  const unset: string[] = [];
  const warnings: string[] = [];
  for (const { path, secret } of secretsOf(config, "")) {
    if ("env" in secret && process.env[secret.env] === undefined) {
      // A variable is of the process that will run, which this one need not be like.
      unset.push(path);
      warnings.push(`${path}.env: the variable ${secret.env} is not set here`);
    } else tried(() => readSecret(secret, path));
  }
  authentication.providers.forEach((provider, at) => {
    const path = `authentication.providers[${at}]`;
    if (provider.kind === "stored" || unset.some((secret) => secret.startsWith(path))) return;
    tried(() => server.outsideProvider(provider, systemClock, path));
  });
  return { problems: [...problems], warnings };
}

/** Every secret of a configuration that is not in place, wherever it stands. */
function secretsOf(value: unknown, path: string): Outside[] {
  if (typeof value !== "object" || value === null) return [];
  const entries = Object.entries(value);
  const [name, given] = entries[0] ?? [];
  if (entries.length === 1 && typeof given === "string") {
    if (name === "file") return [{ path, secret: { file: given } }];
    if (name === "env") return [{ path, secret: { env: given } }];
  }
  return entries.flatMap(([key, inner]) =>
    secretsOf(inner, Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`),
  );
}
