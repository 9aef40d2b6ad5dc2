// The accounts that people try a world with: two in each region, everybody in everybody's roster.

import { randomBytes } from "node:crypto";
import { NodeConfig, type NodeConfigInput } from "../../contract/contract.ts";
import { check } from "../../contract/load.ts";
import { Failure } from "../../contract/told.ts";
import type { Region, World } from "../../regions/world.ts";
import { createLog, MeridianServer, ROSTERS } from "../../server/index.ts";
import { newPassword } from "../cli/password.ts";
import type { DataFolder } from "./data-folder.ts";

/** An account with its password, on this machine only. */
export interface LocalAccount {
  readonly region: string;
  readonly domain: string;
  readonly local: string;
  readonly password: string;
}

const names = [
  ["alice", "bob"],
  ["carol", "david"],
  ["emma", "finn"],
  ["grace", "hugo"],
  ["ines", "jonas"],
  ["kira", "liam"],
  ["mona", "noah"],
] as const;

const FILE = "accounts.json";

/** The demo accounts of a world; those that are kept have the passwords they had. */
export function demoAccounts(world: World, folder: DataFolder): LocalAccount[] {
  const kept = keptAccounts(folder);
  const wanted = world.regions.flatMap((region, index) => {
    const locals = names[index] ?? [`${region.name}-one`, `${region.name}-two`];
    return locals.map((local) => kept.find((each) => fits(each, region, local)) ?? newAccount(region, local));
  });
  const others = kept.filter(
    (each) => !wanted.some(({ domain, local }) => domain === each.domain && local === each.local),
  );
  // Accounts of regions that do not run this time stay known.
  folder.write(FILE, [...wanted, ...others]);
  return wanted;
}

/** An account of a region with a password of its own. */
export function newAccount(region: Region, local: string): LocalAccount {
  return { region: region.name, domain: region.domain, local, password: newPassword(3) };
}

/** One account in each region for the self-check; named so that they meet nobody's. */
export function checkAccounts(world: World): LocalAccount[] {
  const suffix = randomBytes(3).toString("hex");
  return world.regions.map((region) => newAccount(region, `check-${suffix}`));
}

function keptAccounts(folder: DataFolder): LocalAccount[] {
  const kept = folder.read(FILE);
  return Array.isArray(kept) ? kept.filter(isAccount) : [];
}

function isAccount(value: unknown): value is LocalAccount {
  const keys = ["region", "domain", "local", "password"] as const;
  return typeof value === "object" && value !== null && keys.every((key) => typeof Object(value)[key] === "string");
}

function fits(account: LocalAccount, region: Region, local: string): boolean {
  return account.domain === region.domain && account.local === local;
}

/**
 * Makes a region's accounts in its store, before its node runs: with the passwords given, and, for demo accounts, with
 * all other demo accounts as contacts.
 */
export async function storeAccounts(
  config: NodeConfigInput,
  accounts: readonly LocalAccount[],
  contacts: readonly LocalAccount[],
): Promise<void> {
  await withStore(config, async (server) => {
    for (const account of accounts) {
      const { domain, local, password } = account;
      const changes = changesOf(server, domain);
      // A check against the keys costs as much as new ones, and these are right afterwards.
      if (!(await changes.create({ local, password }))) await changes.changePassword(local, password);
      if (contacts.includes(account)) await befriend(server, account, contacts);
    }
  });
}

/** Removes accounts from a region's store, after its node has ended. */
export async function removeAccounts(config: NodeConfigInput, accounts: readonly LocalAccount[]): Promise<void> {
  await withStore(config, async (server) => {
    for (const { domain, local } of accounts) await changesOf(server, domain).remove(local);
  });
}

/** The one owner of a domain's accounts. */
function changesOf(server: MeridianServer, domain: string) {
  const host = server.router.hosts.get(domain);
  if (host === undefined) throw new Failure(`${domain} is not served here`);
  return host.accountChanges;
}

async function withStore(config: NodeConfigInput, work: (server: MeridianServer) => Promise<void>): Promise<void> {
  // Nothing listens, so neither a certificate, which may still be in the making, nor the other nodes are needed.
  const hosts = config.hosts.map(({ certificate: _, ...host }) => host);
  const listeners = [{ kind: "c2s", port: 0 }];
  const { cluster: _, ...alone } = config;
  const checked = check(NodeConfig, { ...alone, hosts, listeners }, "local world");
  const server = await MeridianServer.create(checked, { log: createLog("silent", checked) });
  try {
    await work(server);
  } finally {
    await server.close();
  }
}

/** Puts whoever is missing in the roster, subscribed both ways; what a user changed stays. */
async function befriend(server: MeridianServer, account: LocalAccount, all: readonly LocalAccount[]): Promise<void> {
  const rosters = server.storage.of(ROSTERS);
  const { items } = await rosters.load(account.domain, account.local);
  const there = new Set(items.map((item) => item.jid));
  for (const other of all) {
    const jid = `${other.local}@${other.domain}`;
    if (other === account || there.has(jid)) continue;
    await rosters.put(account.domain, account.local, {
      jid,
      name: other.local.charAt(0).toUpperCase() + other.local.slice(1),
      groups: [other.region],
      subscription: "both",
      ask: false,
      approved: false,
      pendingIn: undefined,
      listed: true,
    });
  }
}
