// Debian's ejabberd as a remote server: its own folder, ports of loopback, accounts, our name server, no distribution.
import { join } from "node:path";
import { freePort, removeFolder, temporaryFolder } from "../harness/children.ts";
import { ordinaryUser, startDaemon } from "../harness/daemon.ts";
import { PASSWORD, type Region } from "./region.ts";
import { type RemoteOptions, type RemoteServer, writeFor } from "./remote-server.ts";

interface Ports {
  readonly c2s: number;
  readonly s2s: number;
  readonly direct: number;
}

/**
 * Starts ejabberd beside a region and makes both known to one another. By `external` it has a certificate of the region's
 * authority, wants one, and knows no dialback; by `dialback` neither trusts the other's authority.
 */
export async function startEjabberd(region: Region, options: RemoteOptions): Promise<RemoteServer> {
  const { domain, proof, tls } = options;
  const user = ordinaryUser("ejabberd");
  const folder = temporaryFolder("ejabberd", user);
  const certificate = await region.certificate(domain, proof === "external");
  const ports: Ports = { c2s: await freePort(), s2s: await freePort(), direct: await freePort() };
  const put = (path: string, text: string) => writeFor(user, join(folder, path), text);
  put("both.pem", certificate.certificateText + certificate.keyText);
  put("ca.pem", certificate.authorityText);
  put("spool/.keep", "");
  put(
    "inetrc",
    `{lookup, [dns]}.\n{resolv_conf, ""}.\n{hosts_file, ""}.\n{nameserver, {127,0,0,1}, ${region.zone.port}}.\n`,
  );
  put("ejabberd.yml", configuration(folder, options, ports));
  region.announce(domain, tls === "direct" ? { direct: ports.direct } : { starttls: ports.s2s });
  const daemon = await startDaemon({
    command: "/usr/bin/env",
    args: [...environment(folder), "erl", "+K", "true", "-noinput", ...start(folder, options)],
    user,
    ready: /interop ready/,
  });
  return {
    domain,
    service: `127.0.0.1:${ports.c2s}`,
    authority: join(folder, "ca.pem"),
    async stop() {
      await daemon.stop("SIGKILL");
      removeFolder(folder);
    },
  };
}

function environment(folder: string): string[] {
  return [
    `HOME=${folder}`,
    "ERL_LIBS=/usr/lib/x86_64-linux-gnu",
    "ERL_CRASH_DUMP_BYTES=0",
    `ERL_INETRC=${folder}/inetrc`,
    `EJABBERD_CONFIG_PATH=${folder}/ejabberd.yml`,
    `EJABBERD_LOG_PATH=${folder}/ejabberd.log`,
    `CONTRIB_MODULES_CONF_DIR=${folder}/modules.d`,
  ];
}

/** Arguments of Erlang: without a node name there is no distribution, and nothing that outlives the test. */
function start(folder: string, { domain, accounts }: RemoteOptions): string[] {
  const made = accounts.map((name) => `ejabberd_auth:try_register(<<"${name}">>, <<"${domain}">>, <<"${PASSWORD}">>)`);
  const eval_ = [...made, 'io:format("interop ready~n")'].join(", ");
  return ["-mnesia", "dir", JSON.stringify(`${folder}/spool`), "-s", "ejabberd", "-eval", `${eval_}.`];
}

function configuration(folder: string, { domain, proof, more = "" }: RemoteOptions, ports: Ports): string {
  const external = proof === "external";
  return `
hosts: ["${domain}"]
loglevel: debug
certfiles: ["${folder}/both.pem"]
ca_file: "${folder}/ca.pem"
auth_method: [internal]
auth_password_format: plain
s2s_use_starttls: ${external ? "required_trusted" : "required"}
s2s_cafile: "${folder}/ca.pem"
listen:
  - {port: ${ports.c2s}, ip: "127.0.0.1", module: ejabberd_c2s, access: all, shaper: none, starttls_required: true}
  - {port: ${ports.s2s}, ip: "127.0.0.1", module: ejabberd_s2s_in}
  - {port: ${ports.direct}, ip: "127.0.0.1", module: ejabberd_s2s_in, tls: true}
shaper: {}
modules:
  mod_roster: {}
  mod_disco: {}
  mod_ping: {}
  mod_version: {}
  mod_offline: {}
${external ? "" : "  mod_s2s_dialback: {}"}
${more}
`;
}
