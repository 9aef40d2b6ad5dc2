// What is wrong with the certificates that a configuration names, before a node runs with them.
import { isIP } from "node:net";
import type { NodeConfig } from "../../contract/contract.ts";
import { certificateWarnings, readCertificate, readChain } from "./certificate-files.ts";

/** Days before its end from which a certificate is told of. */
const WARN_DAYS = 14;

/** Mistakes, each with its path in the configuration, and what only deserves an eye. */
export interface CertificateCheck {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** What makes a certificate useless to those who connect. */
const USELESS = /^(expired|is not valid before|does not name)/;

/**
 * The hosts without a certificate where clients must encrypt: a node opens no stream to log in on for those. A node does
 * not start with one, and nobody is told otherwise beforehand. Each mistake with its path in the configuration.
 */
export function hostsNobodyLogsInTo({ hosts, listeners, authentication }: NodeConfig): string[] {
  if (!authentication.requireTls || !listeners.some(({ kind }) => kind === "c2s")) return [];
  return hosts.flatMap(({ domain, certificate }, i) =>
    certificate === undefined
      ? [
          `hosts[${i}].certificate: is missing: authentication.requireTls lets no client of ${domain} log in without TLS`,
        ]
      : [],
  );
}

/** Looks at every host's certificate; `now` in ms since the epoch. */
export function checkCertificates(config: NodeConfig, now: number): CertificateCheck {
  const { hosts, listeners } = config;
  const problems = hostsNobodyLogsInTo(config);
  const shut = problems.length > 0;
  const warnings: string[] = [];
  const clients = listeners.some(({ kind }) => kind === "c2s");
  const servers = listeners.some(({ kind }) => kind === "s2s");
  for (const [i, { domain, certificate }] of hosts.entries()) {
    const path = `hosts[${i}].certificate`;
    if (certificate === undefined) {
      if (!shut && (clients || servers)) warnings.push(`${path}: is missing: ${domain} offers no STARTTLS`);
      continue;
    }
    const whole = readCertificate(certificate, (file, what) => {
      const which = file === certificate.key ? "key" : "certificate";
      problems.push(`${path}.${which}: ${file} ${what}`);
    });
    // What is wrong with the key keeps nothing of the rest from being told.
    const loaded = whole ?? readChain(certificate.certificate, () => {});
    if (loaded === undefined) continue;
    for (const warning of certificateWarnings(domain, loaded, now, WARN_DAYS))
      (USELESS.test(warning) ? problems : warnings).push(`${path}.certificate: ${certificate.certificate} ${warning}`);
    if (servers && isIP(domain) === 0 && loaded.leaf.keyUsage?.includes("1.3.6.1.5.5.7.3.2") === false)
      warnings.push(
        `${path}.certificate: ${certificate.certificate} is for servers alone (no clientAuth): other servers may take our streams by dialback only`,
      );
  }
  return { problems: [...new Set(problems)], warnings };
}
