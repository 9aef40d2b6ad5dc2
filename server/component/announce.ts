// Tells clients of components: the domains they serve are items of the host they lie below. XEP-0030 §4, XEP-0114.
import type { VirtualHost } from "../host/virtual-host.ts";

/** Adds each domain to the items of the nearest host above it; one below none is found by those who know it. */
export function announceComponents(hosts: ReadonlyMap<string, VirtualHost>, domains: Iterable<string>): void {
  for (const domain of domains) {
    const above = [...hosts.values()].filter((host) => domain.endsWith(`.${host.domain}`));
    const [nearest] = above.sort((a, b) => b.domain.length - a.domain.length);
    nearest?.extensions.disco.host.add({ items: [{ jid: domain }] });
  }
}
