// How a region's nodes use their Valkey: where it listens, and what their user may do there.

/** Port of Valkey, with TLS alone. */
export const cachePort = 6379;

/** Everything but what is dangerous; the client asks INFO whether it is ready, and the two others of Redis Cluster. */
export const cacheAccess = "on ~* &* +@all -@dangerous +info +cluster|slots +cluster|shards";

/** Where nodes connect: with TLS, its certificate checked. */
export function cacheUrl(host: string): string {
  return `rediss://${host}:${cachePort}`;
}
