// Our node beside real peers: a domain whose certificate they believe, and one that proves itself by key.
import { type RunningNode, startNode } from "../../../app/node.ts";
import { NodeConfig } from "../../../contract/contract.ts";
import { check } from "../../../contract/load.ts";
import { createLog } from "../../../server/index.ts";
import { DNS_ADDRESS, PASSWORD, type Papers } from "./site.ts";

/** Localpart of our user. */
export const ROMEO = "romeo";
/** Ours: a certificate that peers believe, and one that they do not. */
export const OURS = { external: "external.ours.test", dialback: "dialback.ours.test" } as const;

/** Starts it, with an account in each domain. */
export async function startOurs(papers: Papers, c2s: number, s2s: number, direct: number): Promise<RunningNode> {
  const input = {
    node: "ours",
    hosts: (["external", "dialback"] as const).map((method) => {
      const { certificate, key } = papers.issue([OURS[method]], method === "external");
      return { domain: OURS[method], certificate: { certificate, key } };
    }),
    listeners: [
      { kind: "c2s", port: c2s, tls: "none" },
      { kind: "s2s", port: s2s, tls: "starttls" },
      { kind: "s2s", port: direct, tls: "direct" },
    ],
    storage: { kind: "memory" },
    authentication: { plainWithoutTls: true, requireTls: false, scramIterations: 4096 },
    federation: {
      dnsServers: [`${DNS_ADDRESS}:53`],
      privateNetworks: ["127.0.0.0/8"],
      trustedAuthorities: [papers.authority],
      publicAuthorities: false,
      // Each domain pair on a stream of its own, so that each way to prove it is tried.
      maxDomainsPerStream: 1,
    },
  };
  const level = process.env.PEERS_LOG ?? "silent";
  const started = await startNode(check(NodeConfig, input, "test"), {
    log: createLog(level, { region: "t", node: "ours" }),
  });
  for (const domain of Object.values(OURS)) await started.server.accounts.create(domain, ROMEO, PASSWORD);
  return started;
}
