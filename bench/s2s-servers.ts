// Two servers of one product that federate over TLS with certificates of one authority, and the DNS they need.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startZone, type ZoneRecord, type ZoneServer } from "../app/local-world/dns.ts";
import type { NodeConfigInput } from "../contract/contract.ts";
import { ACCOUNTS } from "../server/accounts/store.ts";
import { endChild, freePorts, temporaryFolder } from "../test/harness/children.ts";
import { waitForFeatures } from "./harness/ports.ts";
import { type Command, END_MS, outputOf, startPinned } from "./harness/processes.ts";
import { localpart, PASSWORD, type ServerName, type ServerUnderTest } from "./harness/server.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const PLENTY = 1_000_000_000;

/** One of two federated servers. */
interface Site {
  readonly folder: string;
  readonly domain: string;
  readonly accounts: number;
  readonly port: number;
  readonly tlsPort: number;
  readonly s2sPort: number;
  readonly dns: ZoneServer;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly both: string;
  readonly nodeFlags: readonly string[];
}

/** Two servers that federate. */
export interface FederatedPair {
  readonly name: ServerName;
  readonly servers: readonly [ServerUnderTest, ServerUnderTest];
  stop(): Promise<void>;
}

/** Domains of the two servers. */
export const DOMAINS = ["a.bench.test", "b.bench.test"] as const;

/** Starts two servers of a product, with accounts on each. @throws Error for a product that cannot be measured so */
export async function startFederated(
  name: ServerName,
  accounts: number,
  nodeFlags: readonly string[],
): Promise<FederatedPair> {
  if (name === "prosody") throw new Error("s2s: measured beside ejabberd alone");
  const folder = temporaryFolder(`s2s-${name}`);
  const dns = await startZone({ records: [], zones: ["."] });
  const ca = makeAuthority(folder);
  const sites: Site[] = [];
  const records: ZoneRecord[] = [];
  for (const domain of DOMAINS) {
    const [port = 0, tlsPort = 0, s2sPort = 0] = await freePorts(3);
    const own = join(folder, domain);
    mkdirSync(own);
    sites.push({
      ...issue(own, domain, ca),
      folder: own,
      domain,
      accounts,
      port,
      tlsPort,
      s2sPort,
      dns,
      ca,
      nodeFlags,
    });
    // ejabberd asks DNS for SRV alone, and the C library for addresses.
    records.push({
      name: `_xmpp-server._tcp.${domain}`,
      type: "SRV",
      priority: 1,
      weight: 1,
      port: s2sPort,
      target: "localhost",
    });
  }
  dns.setRecords(records);
  const servers: ServerUnderTest[] = [];
  for (const site of sites) servers.push(await start(name, site));
  const [one, two] = servers;
  if (one === undefined || two === undefined) throw new Error("two servers are needed");
  return {
    name,
    servers: [one, two],
    async stop() {
      for (const server of servers) await server.stop();
      await dns.close();
    },
  };
}

async function start(name: ServerName, site: Site): Promise<ServerUnderTest> {
  const command = name === "meridian" ? await meridian(site) : ejabberd(site);
  const child = startPinned(command);
  const dead = () => child.exitCode !== null || child.signalCode !== null;
  const before = performance.now();
  try {
    await waitForFeatures(site.port, site.domain, dead);
    if (name === "ejabberd") while (!existsSync(join(site.folder, "ready"))) await sleep(20);
  } catch (error) {
    await endChild(child, END_MS);
    throw new Error(`${name} does not start: ${(error as Error).message}\n${outputOf(site.folder)}`, { cause: error });
  }
  const { domain, port, tlsPort } = site;
  const startMs = performance.now() - before;
  return { name, domain, pid: child.pid ?? 0, port, tlsPort, startMs, stop: () => endChild(child, END_MS) };
}

async function meridian(site: Site): Promise<Command> {
  const file = join(site.folder, "node.json");
  const database = join(site.folder, "meridian.sqlite");
  const config: NodeConfigInput = {
    node: "bench",
    hosts: [
      { domain: site.domain, certificate: { certificate: site.certificate, key: site.key }, modules: withoutArchive() },
    ],
    listeners: [
      { kind: "c2s", port: site.port, tls: "none" },
      { kind: "c2s", port: site.tlsPort, tls: "direct" },
      { kind: "s2s", port: site.s2sPort },
    ],
    storage: { kind: "sqlite", file: database },
    authentication: { plainWithoutTls: true, requireTls: false, failuresBeforeBan: PLENTY },
    federation: {
      dnsServers: [site.dns.server],
      privateNetworks: ["127.0.0.0/8"],
      trustedAuthorities: [site.ca],
      publicAuthorities: false,
      bytesPerSecond: PLENTY,
      stanzasPerSecond: PLENTY,
    },
    limits: {
      connectionsPerAddress: PLENTY,
      stanzasPerAccount: PLENTY,
      stanzasPerAddress: PLENTY,
      bytesPerSecond: PLENTY,
      burstBytes: PLENTY,
      preAuthBytesPerSecond: PLENTY,
    },
    log: { level: "warn" },
  };
  writeFileSync(file, JSON.stringify(config));
  const { openStorage } = await import("../server/stores.ts");
  const { deriveCredentials } = await import("../server/accounts/credentials.ts");
  const storage = await openStorage({ kind: "sqlite", file: database, synchronous: "normal" });
  const credentials = await deriveCredentials(PASSWORD, 4096);
  for (let index = 0; index < site.accounts; index += 1)
    await storage.of(ACCOUNTS).create(site.domain, localpart(index), credentials, Date.now());
  await storage.close();
  return {
    argv: [process.execPath, ...site.nodeFlags, join(ROOT, "app/main.ts"), "serve", "--config", file],
    folder: site.folder,
  };
}

/** No server under test keeps an archive. */
function withoutArchive(): Record<string, false> {
  return readdirSync(join(ROOT, "server/modules")).includes("archive") ? { archive: false } : {};
}

function ejabberd(site: Site): Command {
  const { folder, domain, dns } = site;
  const spool = join(folder, "spool");
  mkdirSync(spool, { recursive: true });
  writeFileSync(
    join(folder, "inetrc"),
    `{resolv_conf,""}.\n{nameserver,{127,0,0,1},${dns.port}}.\n{lookup,[file,dns]}.\n`,
  );
  writeFileSync(
    join(folder, "ejabberd.yml"),
    `
hosts: ["${domain}"]
loglevel: warning
certfiles: ["${site.both}"]
ca_file: "${site.ca}"
auth_method: [internal]
s2s_use_starttls: required
s2s_cafile: "${site.ca}"
listen:
  - {port: ${site.port}, ip: "127.0.0.1", module: ejabberd_c2s, access: all, shaper: none, starttls: true, backlog: 4096}
  - {port: ${site.tlsPort}, ip: "127.0.0.1", module: ejabberd_c2s, access: all, shaper: none, tls: true, backlog: 4096}
  - {port: ${site.s2sPort}, ip: "127.0.0.1", module: ejabberd_s2s_in, shaper: none, backlog: 4096}
shaper: {}
modules:
  mod_roster: {}
  mod_disco: {}
  mod_offline: {}
  mod_s2s_dialback: {}
`,
  );
  const name = localpart(0).slice(0, -1);
  const make =
    `[ejabberd_auth:try_register(<<"${name}", (integer_to_binary(I))/binary>>, <<"${domain}">>, <<"${PASSWORD}">>) ` +
    `|| I <- lists:seq(0, ${site.accounts - 1})], file:write_file("${join(folder, "ready")}", <<>>).`;
  return {
    argv: [
      ...["erl", "+K", "true", "+P", "250000", "-noinput", "-mnesia", "dir", JSON.stringify(spool)],
      ...["-s", "ejabberd", "-eval", make],
    ],
    folder,
    env: {
      HOME: folder,
      ERL_INETRC: join(folder, "inetrc"),
      ERL_LIBS: "/usr/lib/x86_64-linux-gnu",
      ERL_MAX_PORTS: "32000",
      ERL_MAX_ETS_TABLES: "1400",
      ERL_CRASH_DUMP_BYTES: "0",
      EJABBERD_CONFIG_PATH: join(folder, "ejabberd.yml"),
      EJABBERD_LOG_PATH: join(folder, "ejabberd.log"),
      CONTRIB_MODULES_CONF_DIR: join(folder, "modules.d"),
    },
  };
}

function makeAuthority(folder: string): string {
  const [key, ca] = [join(folder, "ca.key"), join(folder, "ca.pem")];
  openssl(
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"],
    ...["-subj", "/CN=Bench authority", "-keyout", key, "-out", ca],
    ...["-addext", "keyUsage=critical,keyCertSign"],
  );
  return ca;
}

function issue(folder: string, domain: string, ca: string): Pick<Site, "certificate" | "key" | "both"> {
  const at = (name: string) => join(folder, name);
  writeFileSync(at("ext"), `subjectAltName=DNS:${domain}\nextendedKeyUsage=serverAuth,clientAuth\n`);
  openssl(
    ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", `/CN=${domain}`],
    ...["-keyout", at("key.pem"), "-out", at("request")],
  );
  openssl(
    ...["x509", "-req", "-in", at("request"), "-CA", ca, "-CAkey", ca.replace(/pem$/, "key"), "-days", "30"],
    ...["-CAcreateserial", "-extfile", at("ext"), "-out", at("cert.pem")],
  );
  writeFileSync(at("both.pem"), readFileSync(at("key.pem"), "utf8") + readFileSync(at("cert.pem"), "utf8"));
  return { certificate: at("cert.pem"), key: at("key.pem"), both: at("both.pem") };
}

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: "ignore" });
}
