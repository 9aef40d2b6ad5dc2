// Debian's Prosody as a peer: virtual hosts with certificates of both kinds, a room service, direct TLS and STARTTLS.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, startDaemon } from "../../harness/daemon.ts";
import { unboundFor } from "../../interop/prosody-dns.ts";
import { DNS_ADDRESS, HEART, JULIET, PASSWORD, type Pem } from "./site.ts";

/** How it is set up. */
export interface PeerSetup {
  readonly folder: string;
  readonly authority: string;
  readonly c2sPort: number;
  readonly s2sPort: number;
  readonly directPort: number;
  /** Domains with their certificates, and the first one's room service. */
  readonly hosts: readonly { readonly domain: string; readonly pem: Pem }[];
  readonly rooms: string;
}

/** Writes its files; accounts are made with them. */
export function prepareProsody(setup: PeerSetup): void {
  const { folder, hosts } = setup;
  for (const { domain } of hosts) {
    const accounts = join(
      folder,
      "data",
      domain.replace(/[.-]/g, (c) => `%${c.charCodeAt(0).toString(16)}`),
      "accounts",
    );
    mkdirSync(accounts, { recursive: true });
    for (const name of [JULIET, encodeURIComponent(HEART).toLowerCase()])
      writeFileSync(join(accounts, `${name}.dat`), `return { ["password"] = ${lua(PASSWORD)}; };\n`);
  }
  mkdirSync(join(folder, "plugins"), { recursive: true });
  // Without lua-unbound it reads /etc/resolv.conf, which is not ours to write.
  writeFileSync(
    join(folder, "plugins", "mod_test_dns.lua"),
    `module:set_global();
local methods = getmetatable(require "net.dns".resolver());
function methods:adddefaultnameservers() self:addnameserver("${DNS_ADDRESS}"); end
`,
  );
  writeFileSync(join(folder, "prosody.cfg.lua"), configuration(setup));
}

/** Starts it, anew after a crash too. */
export function startProsody({ folder }: PeerSetup): Promise<Daemon> {
  return startDaemon({
    command: "/usr/bin/prosody",
    args: ["-F", "--config", join(folder, "prosody.cfg.lua")],
    user: undefined,
    ready: /'(?:s2s_direct_tls|c2s)'[\s\S]*'(?:s2s_direct_tls|c2s)'/,
  });
}

function configuration(setup: PeerSetup): string {
  const { folder, authority, hosts, rooms } = setup;
  const ssl = ({ certificate, key }: Pem) =>
    `{ certificate = ${lua(certificate)}; key = ${lua(key)}; cafile = ${lua(authority)} }`;
  const [first] = hosts;
  if (first === undefined) throw new Error("a peer needs a host");
  const virtual = hosts.map(({ domain, pem }) => `VirtualHost "${domain}"\nssl = ${ssl(pem)}\n`).join("");
  return `
run_as_root = true
daemonize = false
pidfile = ${lua(join(folder, "prosody.pid"))}
data_path = ${lua(join(folder, "data"))}
plugin_paths = { ${lua(join(folder, "plugins"))} }
log = { { levels = { min = "info" }, to = "console" }, { levels = { min = "debug" }, to = "file", filename = ${lua(join(folder, "prosody.log"))} } }
interfaces = { "127.0.0.1" }
c2s_ports = { ${setup.c2sPort} }
s2s_ports = { ${setup.s2sPort} }
s2s_direct_tls_ports = { ${setup.directPort} }
s2s_direct_tls_ssl = ${ssl(first.pem)}
ssl = ${ssl(first.pem)}
c2s_require_encryption = false
s2s_require_encryption = true
s2s_secure_auth = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = "internal"
${unboundFor(DNS_ADDRESS)}
modules_enabled = { "test_dns", "disco", "roster", "saslauth", "tls", "dialback", "s2s_bidi", "smacks", "ping", "presence" }
${virtual}
Component "${rooms}" "muc"
ssl = ${ssl(first.pem)}
`;
}

function lua(text: string): string {
  return JSON.stringify(text);
}
