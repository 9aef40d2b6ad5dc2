// Two regions of one node each that federate over TLS; their link, and their clients' way in, can be disturbed.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openAuthority } from "../../app/local-world/certificate-authority.ts";
import { startZone } from "../../app/local-world/dns.ts";
import { Relay } from "../federation/relay.ts";
import { freePort, removeFolder, temporaryFolder } from "../harness/children.ts";
import { startPostgres } from "../harness/postgres.ts";
import { localpart, makeAccounts, makeNode, PASSWORD, storedIds } from "./node.ts";
import type { ProcessNode, Site } from "./site.ts";

const DOMAINS = ["a.test", "b.test"] as const;

/** Starts them: accounts are of the first and the second region in turn, so that partners are of different ones. */
export async function startRegions(accounts: number): Promise<Site> {
  const folder = temporaryFolder("chaos-regions");
  const [postgres, zone] = await Promise.all([startPostgres(), startZone({ records: [], zones: ["."] })]);
  const nodes: ProcessNode[] = [];
  const urls: string[] = [];
  const s2sRelays: Relay[] = [];
  const clientRelays: Relay[] = [];
  async function end(): Promise<void> {
    await Promise.all(nodes.map((node) => node.end("SIGKILL")));
    for (const relay of [...s2sRelays, ...clientRelays]) relay.close();
    await Promise.all([postgres.end(), zone.close()]);
    removeFolder(folder);
  }
  try {
    const authority = await openAuthority(join(folder, "authority"));
    for (const [index, domain] of DOMAINS.entries()) {
      const url = await postgres.createDatabase(`region${index}`);
      urls.push(url);
      await makeAccounts(url, domain, accounts);
      const issued = await authority.issue({ domains: [domain], days: 90 });
      const certificate = { certificate: join(folder, `${domain}.crt`), key: join(folder, `${domain}.key`) };
      writeFileSync(certificate.certificate, issued.certificate);
      writeFileSync(certificate.key, issued.key);
      const port = await freePort();
      s2sRelays.push(await Relay.to(() => port));
      const settings = {
        dnsServers: [zone.server],
        privateNetworks: ["127.0.0.0/8"],
        trustedAuthorities: [authority.caFile],
        publicAuthorities: false,
        dialbackSecret: "a secret of both regions",
        links: DOMAINS.filter((other) => other !== domain),
      };
      const node = await makeNode({ folder, name: domain, domain, url, federation: { port, certificate, settings } });
      nodes.push(node);
      clientRelays.push(await Relay.to(() => node.port));
    }
    zone.setRecords(DOMAINS.flatMap((domain, index) => recordsOf(domain, s2sRelays[index]!.port)));
    await Promise.all(nodes.map((node) => node.start()));
  } catch (error) {
    await end();
    throw error;
  }
  return {
    name: "Meridian, two regions",
    domain: DOMAINS[0],
    domainOf: (index) => DOMAINS[index % 2]!,
    password: PASSWORD,
    mechanism: "SCRAM-SHA-256",
    localpart,
    nodes,
    entrance: clientRelays[0]!,
    entranceOf: (index) => clientRelays[index % 2]!,
    s2sRelays,
    clientRelays,
    postgres,
    stored: () => storedIds(urls),
    end,
  };
}

function recordsOf(domain: string, port: number) {
  const target = `h.${domain}`;
  return [
    { name: `_xmpp-server._tcp.${domain}`, type: "SRV" as const, priority: 1, weight: 1, port, target },
    { name: target, type: "A" as const, address: "127.0.0.1" },
  ];
}
