// Prosody as Debian packs it, in a folder of its own: no limits, no archive, no carbons.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DOMAIN, localpart, PASSWORD, type PasswordStore, type Recipe, type Site } from "./server.ts";

/** Prosody's own number. */
const ITERATIONS = 10_000;

export const prosody: Recipe = {
  async prepare(site) {
    const data = join(site.folder, "data");
    const accounts = join(data, DOMAIN.replace(".", "%2e"), "accounts");
    mkdirSync(accounts, { recursive: true });
    const record = accountRecord(site.passwords ?? "plain", site.iterations ?? ITERATIONS);
    for (let index = 0; index < site.accounts; index += 1)
      writeFileSync(join(accounts, `${localpart(index)}.dat`), record);
    const config = join(site.folder, "prosody.cfg.lua");
    writeFileSync(config, configuration(site, data));
    return { argv: ["prosody", "-F", "--config", config], folder: site.folder };
  },
};

function configuration(site: Site, data: string): string {
  const hashed = site.passwords !== undefined && site.passwords !== "plain";
  return `
run_as_root = true
daemonize = false
pidfile = ${lua(join(site.folder, "prosody.pid"))}
data_path = ${lua(data)}
log = { warn = ${lua(join(site.folder, "prosody.log"))} }
interfaces = { "127.0.0.1" }
c2s_ports = { ${site.port} }
c2s_direct_tls_ports = { ${site.tlsPort} }
ssl = { certificate = ${lua(site.certificate.certificate)}; key = ${lua(site.certificate.key)} }
c2s_direct_tls_ssl = { certificate = ${lua(site.certificate.certificate)}; key = ${lua(site.certificate.key)} }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "${hashed ? "internal_hashed" : "internal_plain"}"
password_hash = "${site.passwords === "SHA-256" ? "SHA-256" : "SHA-1"}"
storage = "internal"
modules_enabled = { "disco", "roster", "saslauth", "tls" }
modules_disabled = { "s2s", "s2s_auth_certs" }
VirtualHost "${DOMAIN}"
`;
}

/** One account as Prosody's file storage keeps it. Every account has the same password, so the same salt will do. */
function accountRecord(passwords: PasswordStore, iterations: number): string {
  if (passwords === "plain") return `return { ["password"] = ${lua(PASSWORD)}; };\n`;
  const digest = passwords === "SHA-1" ? "sha1" : "sha256";
  const salt = randomBytes(12).toString("base64url");
  const salted = pbkdf2Sync(PASSWORD, salt, iterations, passwords === "SHA-1" ? 20 : 32, digest);
  const sign = (text: string) => createHmac(digest, salted).update(text).digest();
  const stored = createHash(digest).update(sign("Client Key")).digest("hex");
  return (
    `return { ["iteration_count"] = ${iterations}; ["salt"] = ${lua(salt)}; ["stored_key"] = "${stored}"; ` +
    `["server_key"] = "${sign("Server Key").toString("hex")}"; };\n`
  );
}

function lua(text: string): string {
  return JSON.stringify(text);
}
