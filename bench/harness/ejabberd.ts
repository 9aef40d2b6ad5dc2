// ejabberd as Debian packs it, in a folder of its own: no shaper, no archive, no carbons; alone, or a node of a cluster.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DOMAIN, type ErlangNode, localpart, PASSWORD, type Recipe, type Site } from "./server.ts";

/** Flags of Debian's ejabberdctl. */
const ERLANG_FLAGS = ["+K", "true", "+P", "250000"];

export const ejabberd: Recipe = {
  async prepare(site) {
    const { folder } = site;
    const spool = join(folder, "spool");
    mkdirSync(spool, { recursive: true });
    writeFileSync(join(folder, "ejabberd.yml"), configuration(site));
    const { erlang } = site;
    const argv = ["erl", ...ERLANG_FLAGS, "-noinput", "-mnesia", "dir", JSON.stringify(spool)];
    if (erlang !== undefined) argv.push(...distribution(erlang));
    const begin = erlang?.joins === undefined ? createAccounts(site) : joinCluster(erlang.joins);
    argv.push("-s", "ejabberd", "-eval", `${begin}, ${sayReady(folder)}`);
    return { argv, folder, env: { ...environment(folder), ...(erlang === undefined ? {} : epmdOf(erlang)) } };
  },

  async ready({ folder }) {
    while (!existsSync(join(folder, "ready"))) await sleep(20);
  },
};

function environment(folder: string): Record<string, string> {
  return {
    HOME: folder,
    ERL_LIBS: "/usr/lib/x86_64-linux-gnu",
    ERL_MAX_PORTS: "32000",
    ERL_MAX_ETS_TABLES: "1400",
    ERL_CRASH_DUMP_BYTES: "0",
    EJABBERD_CONFIG_PATH: join(folder, "ejabberd.yml"),
    EJABBERD_LOG_PATH: join(folder, "ejabberd.log"),
    CONTRIB_MODULES_CONF_DIR: join(folder, "modules.d"),
  };
}

function configuration(site: Site): string {
  const { passwords = "plain" } = site;
  const format =
    passwords === "plain"
      ? "auth_password_format: plain"
      : `auth_password_format: scram\nauth_scram_hash: ${passwords === "SHA-1" ? "sha" : "sha256"}`;
  return `
hosts: ["${DOMAIN}"]
loglevel: warning
certfiles: ["${site.certificate.both}"]
auth_method: [internal]
${format}
listen:
  - {port: ${site.port}, ip: "127.0.0.1", module: ejabberd_c2s, access: all, shaper: none, starttls: true, backlog: 4096}
  - {port: ${site.tlsPort}, ip: "127.0.0.1", module: ejabberd_c2s, access: all, shaper: none, tls: true, backlog: 4096}
shaper: {}
modules:
  mod_roster: {}
  mod_disco: {}
  mod_offline: {}
`;
}

/** Erlang that makes the accounts, and their rosters. */
function createAccounts(site: Site): string {
  const name = `<<"${localpart(0).slice(0, -1)}", (integer_to_binary(I))/binary>>`;
  const domain = `<<"${DOMAIN}">>`;
  const each = (call: string, from: number) => `[${call} || I <- lists:seq(${from}, ${site.accounts - 1})]`;
  const accounts = each(`ejabberd_auth:try_register(${name}, ${domain}, <<"${PASSWORD}">>)`, 0);
  if (site.contacts !== true) return accounts;
  const first = `<<"${localpart(0)}">>`;
  const sees = (owner: string, contact: string) =>
    each(`mod_admin_extra:add_rosteritem(${owner}, ${domain}, ${contact}, ${domain}, <<>>, <<>>, <<"both">>)`, 1);
  return `${accounts}, ${sees(first, name)}, ${sees(name, first)}`;
}

/** What `ejabberdctl join_cluster` calls, whose script wants a user of its own. */
function joinCluster(node: string): string {
  return `ok = ejabberd_admin:join_cluster(<<"${node}">>)`;
}

/** Erlang that writes a file once all before it is done. */
function sayReady(folder: string): string {
  return `file:write_file("${join(folder, "ready")}", <<>>).`;
}

/** Nodes of a cluster know one another by name, through a port mapper of their own: another one's would mix them up. */
function distribution({ name, cookie }: ErlangNode): string[] {
  const address = ["-kernel", "inet_dist_use_interface", "{127,0,0,1}"];
  return ["-name", name, "-setcookie", cookie, "-start_epmd", "false", ...address];
}

function epmdOf({ epmdPort }: ErlangNode): Record<string, string> {
  return { ERL_EPMD_PORT: String(epmdPort), ERL_EPMD_ADDRESS: "127.0.0.1" };
}
