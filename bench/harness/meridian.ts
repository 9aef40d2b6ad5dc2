// Meridian with all its modules but the archive, on SQLite, accounts written to its storage before it starts.

import { readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NodeConfig, type NodeConfigInput } from "../../contract/contract.ts";
import { check } from "../../contract/load.ts";
import { ACCOUNTS } from "../../server/accounts/store.ts";
import { unknownItem } from "../../server/modules/roster/item.ts";
import { ROSTERS } from "../../server/modules/roster/store.ts";
import type { Stores } from "../../server/ports/store.ts";
import { forEach } from "./client.ts";
import { DOMAIN, localpart, PASSWORD, type Recipe, type Site } from "./server.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** Accounts that are made at once. */
const AT_ONCE = 200;

/** More of anything than a benchmark asks for: no server is measured at its limits. */
const PLENTY = 1_000_000_000;

export const meridian: Recipe = {
  async prepare(site) {
    const file = join(site.folder, "node.json");
    writeFileSync(file, JSON.stringify(configuration(site)));
    if (site.makesAccounts !== false) await createAccounts(site);
    const argv = [process.execPath, ...(site.nodeFlags ?? []), join(ROOT, "app/main.ts"), "serve", "--config", file];
    return { argv, folder: site.folder };
  },
};

function configuration(site: Site): NodeConfigInput {
  const { certificate, key } = site.certificate;
  return {
    node: "bench",
    hosts: [{ domain: DOMAIN, certificate: { certificate, key }, modules: { ...withoutArchive(), ...site.modules } }],
    listeners: [
      { kind: "c2s", port: site.port, tls: "none" },
      { kind: "c2s", port: site.tlsPort, tls: "direct" },
    ],
    storage: { kind: "sqlite", file: database(site) },
    authentication: { plainWithoutTls: true, requireTls: false, failuresBeforeBan: PLENTY },
    federation: { enabled: false },
    limits: {
      connectionsPerAddress: PLENTY,
      stanzasPerAccount: PLENTY,
      stanzasPerAddress: PLENTY,
      bytesPerSecond: PLENTY,
      burstBytes: PLENTY,
      preAuthBytesPerSecond: PLENTY,
    },
    log: { level: "warn" },
    ...site.meridian,
  };
}

/** No server under test keeps an archive. */
function withoutArchive(): Record<string, false> {
  return readdirSync(join(ROOT, "server/modules")).includes("archive") ? { archive: false } : {};
}

/** Every account has the same password, so keys derived once will do; with them go their rosters. */
async function createAccounts(site: Site): Promise<void> {
  const { openStorage } = await import("../../server/stores.ts");
  const { deriveCredentials } = await import("../../server/accounts/credentials.ts");
  const { storage: settings } = check(NodeConfig, configuration(site), "benchmark");
  const storage = await openStorage(settings);
  const credentials = await deriveCredentials(PASSWORD, site.iterations);
  const create = (index: number) => storage.of(ACCOUNTS).create(DOMAIN, localpart(index), credentials, Date.now());
  await forEach(site.accounts, AT_ONCE, async (index) => void (await create(index)));
  // Afterwards: whoever gets a name is given nothing that was there before.
  if (site.contacts === true) await forEach(site.accounts - 1, AT_ONCE, (index) => meet(storage, 0, index + 1));
  await storage.close();
}

/** Two accounts that see each other. RFC 6121 §3.1. */
async function meet(storage: Stores, one: number, other: number): Promise<void> {
  for (const [owner, contact] of [
    [one, other],
    [other, one],
  ] as const) {
    const item = unknownItem(`${localpart(contact)}@${DOMAIN}`);
    await storage.of(ROSTERS).put(DOMAIN, localpart(owner), { ...item, subscription: "both", listed: true });
  }
}

function database(site: Site): string {
  return join(site.folder, "meridian.sqlite");
}
