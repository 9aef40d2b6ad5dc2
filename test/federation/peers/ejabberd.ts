// Debian's ejabberd as a peer: hosts with certificates of both kinds, a room service, direct TLS and STARTTLS.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, startDaemon } from "../../harness/daemon.ts";
import type { PeerSetup } from "./prosody.ts";
import { DNS_ADDRESS, HEART, JULIET, PASSWORD } from "./site.ts";

/** Writes its files. */
export function prepareEjabberd(setup: PeerSetup): void {
  const { folder } = setup;
  mkdirSync(join(folder, "spool"), { recursive: true });
  writeFileSync(join(folder, "ejabberd.yml"), configuration(setup));
  // It asks this name server for SRV records, and the C library for addresses.
  const [a, b, c, d] = DNS_ADDRESS.split(".");
  writeFileSync(
    join(folder, "inetrc"),
    `{resolv_conf,""}.\n{nameserver,{${a},${b},${c},${d}}}.\n{lookup,[file,dns]}.\n`,
  );
}

/** Starts it, anew after a crash too. */
export function startEjabberd(setup: PeerSetup): Promise<Daemon> {
  const { folder, hosts } = setup;
  const names = hosts.map(({ domain }) => `<<"${domain}">>`).join(",");
  const users = [JULIET, HEART].map((name) => `<<${[...Buffer.from(name)].join(",")}>>`).join(",");
  const accounts =
    `[ejabberd_auth:try_register(U, H, <<"${PASSWORD}">>) || H <- [${names}], U <- [${users}]], ` +
    `io:format("accounts made~n").`;
  const environment = {
    HOME: folder,
    ERL_INETRC: join(folder, "inetrc"),
    ERL_LIBS: "/usr/lib/x86_64-linux-gnu",
    ERL_CRASH_DUMP_BYTES: "0",
    EJABBERD_CONFIG_PATH: join(folder, "ejabberd.yml"),
    EJABBERD_LOG_PATH: join(folder, "ejabberd.log"),
    CONTRIB_MODULES_CONF_DIR: join(folder, "modules.d"),
  };
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return startDaemon({
    command: "/usr/bin/env",
    args: [
      ...settings,
      ...["erl", "+K", "true", "+sbwt", "none", "-noinput", "-mnesia", "dir", JSON.stringify(join(folder, "spool"))],
      ...["-s", "ejabberd", "-eval", accounts],
    ],
    user: undefined,
    ready: /accounts made/,
  });
}

function configuration({ authority, c2sPort, s2sPort, directPort, hosts, rooms }: PeerSetup): string {
  const certificates = hosts.map(({ pem }) => `  - "${pem.both}"`).join("\n");
  return `
hosts: [${hosts.map(({ domain }) => `"${domain}"`).join(", ")}]
loglevel: info
certfiles:
${certificates}
ca_file: "${authority}"
s2s_cafile: "${authority}"
s2s_use_starttls: required
auth_method: [internal]
listen:
  - {port: ${c2sPort}, ip: "127.0.0.1", module: ejabberd_c2s, access: all, shaper: none}
  - {port: ${s2sPort}, ip: "127.0.0.1", module: ejabberd_s2s_in, shaper: none}
  - {port: ${directPort}, ip: "127.0.0.1", module: ejabberd_s2s_in, shaper: none, tls: true}
shaper: {}
modules:
  mod_roster: {}
  mod_disco: {}
  mod_ping: {}
  mod_offline: {}
  mod_s2s_dialback: {}
  mod_muc: {hosts: ["${rooms}"]}
`;
}
