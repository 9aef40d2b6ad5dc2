// The name servers of this machine, from /etc/resolv.conf.
import { readFileSync } from "node:fs";
import { parseServerAddress } from "../../contract/networks.ts";
import type { NameServer } from "./exchange.ts";

/** What /etc/resolv.conf says that matters to us. */
export interface SystemServers {
  readonly servers: readonly NameServer[];
  /** `options trust-ad`: the AD bit of these servers may be believed. */
  readonly trustAd: boolean;
}

/** Reads resolv.conf(5) text: at most three name servers, the loopback one when it names none. */
export function parseResolvConf(text: string): SystemServers {
  const servers: NameServer[] = [];
  let trustAd = false;
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    const server = keyword === "nameserver" ? parseServerAddress(values[0] ?? "") : undefined;
    if (server && servers.length < 3) servers.push(server);
    if (keyword === "options" && values.includes("trust-ad")) trustAd = true;
  }
  return { servers: servers.length > 0 ? servers : [{ address: "127.0.0.1", port: 53 }], trustAd };
}

/** The machine's name servers; those of an empty file when there is none. */
export function systemServers(path = "/etc/resolv.conf"): SystemServers {
  try {
    return parseResolvConf(readFileSync(path, "utf8"));
  } catch {
    return parseResolvConf("");
  }
}
