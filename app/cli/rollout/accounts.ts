// The accounts of the synthetic client on AWS: one of each region, from a file or the environment, never told.
import { resolveSrv } from "node:dns/promises";
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import type { Probe } from "../../../infra/rollout/index.ts";
import { regionOf, type World } from "../../../regions/world.ts";
import type { LogIn } from "../../../xmpp/client/client.ts";
import { UsageError } from "../command.ts";
import { syntheticProbe } from "./probe.ts";

/** The variable that holds the accounts where no file is given. */
export const accountsVariable = "MERIDIAN_PROBE_ACCOUNTS";

const Account = z.strictObject({
  jid: z.string().regex(/^[^@/\s]+@[^@/\s]+$/, "a bare JID"),
  password: z.string().min(1),
  /** Where the region is reached; by default what DNS says of its domain (RFC 6120 §3.2). */
  host: z.string().min(1).optional(),
  port: z.int().min(1).max(65_535).default(5222),
  /** PEM file of the one authority that is trusted; by default those that Node trusts. */
  authority: z.string().min(1).optional(),
});
type Account = z.output<typeof Account>;

/**
 * The probe of a world by the accounts of a file, or of the environment's variable; undefined where there are none.
 * @throws UsageError with every mistake, and no password
 */
export function accountsProbe(
  world: World,
  file: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Probe | undefined {
  const text = file === undefined ? environment[accountsVariable] : readPrivate(file);
  if (text === undefined || text === "") return undefined;
  const accounts = accountsOf(world, text, file ?? accountsVariable);
  return syntheticProbe({
    domainOf: (region) => regionOf(world, region).domain,
    logIn: (region, resource) => logInOf(accounts.get(region) as Account, resource),
  });
}

/** A file with passwords is its owner's alone. @throws UsageError */
function readPrivate(file: string): string {
  try {
    if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0)
      throw new UsageError(`${file} holds passwords and may be read by others: chmod 600 ${file}`);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function accountsOf(world: World, text: string, source: string): ReadonlyMap<string, Account> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // What the parser quotes may be a password.
    throw new UsageError(`${source}: is no JSON; expected {"eu": {"jid": "probe@eu.example.org", "password": "…"}, …}`);
  }
  const parsed = z.record(z.string(), Account).safeParse(value);
  const given = parsed.success ? new Map(Object.entries(parsed.data)) : new Map<string, Account>();
  const problems = parsed.success
    ? world.regions.flatMap(({ name, domain }) => accountProblems(name, domain, given.get(name)))
    : parsed.error.issues.map(({ path, message }) => `${z.core.toDotPath(path)}: ${message}`);
  if (problems.length > 0) throw new UsageError(`${source}:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
  return given;
}

function accountProblems(region: string, domain: string, account: Account | undefined): string[] {
  if (account === undefined) return [`${region}: no account`];
  // An account of the global domain may be at home in any region: it proves nothing of this one.
  return account.jid.endsWith(`@${domain}`) ? [] : [`${region}.jid: expected an account of ${domain}`];
}

async function logInOf({ jid, password, host, port, authority }: Account, resource: string): Promise<LogIn> {
  const [local = "", domain = ""] = jid.split("@");
  const at = host === undefined ? await addressOf(domain) : { host, port };
  const trusted = authority === undefined ? undefined : readFileSync(authority, "utf8");
  return { domain, local, password, resource, over: { kind: "tcp", ...at, authority: trusted } };
}

/** Where a domain's clients connect: its best SRV record, or the domain itself. RFC 6120 §3.2. */
async function addressOf(domain: string): Promise<{ host: string; port: number }> {
  const records = await resolveSrv(`_xmpp-client._tcp.${domain}`).catch(() => []);
  const [best] = records.toSorted((a, b) => a.priority - b.priority || b.weight - a.weight);
  return best ? { host: best.name, port: best.port } : { host: domain, port: 5222 };
}
