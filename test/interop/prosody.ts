// Debian's Prosody as a remote server: its own folder, ports of loopback, accounts, and our name server.
import { join } from "node:path";
import { freePort, removeFolder, temporaryFolder } from "../harness/children.ts";
import { ordinaryUser, startDaemon } from "../harness/daemon.ts";
import { unboundFor } from "./prosody-dns.ts";
import { PASSWORD, type Region } from "./region.ts";
import { type RemoteOptions, type RemoteServer, writeFor } from "./remote-server.ts";

/**
 * Starts Prosody beside a region and makes both known to one another. By `external` it has a certificate of the
 * region's authority and wants one; by `dialback` neither trusts the other's authority.
 */
export async function startProsody(region: Region, options: RemoteOptions): Promise<RemoteServer> {
  const { domain, proof, tls } = options;
  const user = ordinaryUser("prosody");
  const folder = temporaryFolder("prosody", user);
  const certificate = await region.certificate(domain, proof === "external");
  const ports = { c2s: await freePort(), s2s: await freePort(), direct: await freePort() };
  const put = (path: string, text: string) => writeFor(user, join(folder, path), text);
  put("cert.pem", certificate.certificateText);
  put("key.pem", certificate.keyText);
  put("ca.pem", certificate.authorityText);
  for (const name of options.accounts)
    put(`data/${domain.replaceAll(".", "%2e")}/accounts/${name}.dat`, `return { ["password"] = "${PASSWORD}"; };\n`);
  put("plugins/mod_local_dns.lua", dnsModule(region.zone.port));
  put("prosody.cfg.lua", configuration(folder, options, ports, region.zone.port));
  region.announce(domain, tls === "direct" ? { direct: ports.direct } : { starttls: ports.s2s });
  const daemon = await startDaemon({
    command: "/usr/bin/prosody",
    args: ["--config", join(folder, "prosody.cfg.lua"), "-F"],
    user,
    ready: /Activated service 's2s'/,
  });
  return {
    domain,
    service: `127.0.0.1:${ports.c2s}`,
    authority: join(folder, "ca.pem"),
    async stop() {
      await daemon.stop("SIGTERM");
      removeFolder(folder);
    },
  };
}

function configuration(
  folder: string,
  { domain, proof, more = "" }: RemoteOptions,
  ports: { readonly c2s: number; readonly s2s: number; readonly direct: number },
  dns: number,
): string {
  const external = proof === "external";
  return `
daemonize = false
run_as_root = true
pidfile = "${folder}/prosody.pid"
data_path = "${folder}/data"
plugin_paths = { "${folder}/plugins" }
log = { { levels = { min = "debug" }, to = "file", filename = "${folder}/prosody.log" }, { levels = { min = "info" }, to = "console" } }
modules_enabled = { "local_dns", "roster", "saslauth", "tls", "dialback", "disco", "ping", "version", "carbons", "smacks", "s2s_bidi", "s2s_auth_certs" }
${unboundFor(`127.0.0.1@${dns}`)}
authentication = "internal_plain"
interfaces = { "127.0.0.1" }
c2s_ports = { ${ports.c2s} }
s2s_ports = { ${ports.s2s} }
s2s_direct_tls_ports = { ${ports.direct} }
c2s_direct_tls_ports = {}
http_ports = {}
https_ports = {}
c2s_require_encryption = true
s2s_require_encryption = true
s2s_secure_auth = ${external}
ssl = { certificate = "${folder}/cert.pem"; key = "${folder}/key.pem"; ${external ? `cafile = "${folder}/ca.pem";` : `cafile = "${folder}/cert.pem";`} }
VirtualHost "${domain}"
${more}
`;
}

/** Without lua-unbound, Prosody's resolver asks port 53 alone: its questions are sent to ours instead. */
function dnsModule(port: number): string {
  return `
module:set_global();
local adns = require "net.adns";
if not adns.new_async_socket then return; end
local original = adns.resolver;
adns.resolver = function ()
  local resolver = original();
  -- That of lua-unbound has a configuration of its own.
  if not resolver._resolver.setnameserver then return resolver; end
  resolver._resolver:setnameserver("127.0.0.1");
  resolver._resolver:socket_wrapper_set(function (sock, inner)
    local handler, err = adns.new_async_socket(sock, inner);
    if not handler then return nil, err; end
    local setpeername = handler.setpeername;
    handler.setpeername = function (self) return setpeername(self, "127.0.0.1", ${port}); end
    return handler;
  end);
  return resolver;
end
`;
}
