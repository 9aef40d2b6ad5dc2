// Where a node listens for the others where nobody says so: at the address by which it reaches Redis, as they do.
import { Cluster } from "ioredis";
import type { ClusterConfig } from "../../../contract/contract.ts";
import type { RedisConnection } from "../redis/connection.ts";

const ANY: ReadonlySet<string> = new Set(["::", "0.0.0.0"]);

/** Address and port to listen on, and the address that the others are told. */
export function listeningOf({ address, port }: ClusterConfig["links"], redis: RedisConnection) {
  const own = ownAddress(redis) ?? "127.0.0.1";
  return { address: address ?? own, port, told: address === undefined || ANY.has(address) ? own : address };
}

/** This machine's address on a connection to Redis that is open. */
function ownAddress(redis: RedisConnection): string | undefined {
  const connections = redis instanceof Cluster ? redis.nodes() : [redis];
  for (const { stream } of connections) {
    // Typed as there from the start; a connection that was not used yet has none.
    const address = (stream as typeof stream | undefined)?.localAddress;
    if (address !== undefined) return address.replace(/^::ffff:(?=\d+\.)/, "");
  }
  return undefined;
}
