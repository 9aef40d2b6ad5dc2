// Keys of the node's services: what each gives to the parts of the node.

import type { RedisConnection } from "../cluster/redis/connection.ts";
import type { SharedCounts } from "../cluster/shared/limits.ts";
import type { Outgoing } from "../ports/outgoing.ts";
import type { Stores } from "../ports/store.ts";
import { type ModuleServiceKey, ServiceKey } from "./service.ts";

export type { SharedCounts } from "../cluster/shared/limits.ts";

/** The port for machines that watch: there while the node starts and drains, when it is asked most. */
export const METRICS = new ServiceKey<readonly MetricsListening[]>("metrics");
/** Redis or Valkey of the region, for commands. */
export const REDIS = new ServiceKey<RedisConnection>("redis");
/** Every store of the node. */
export const DATABASE = new ServiceKey<Stores>("database");
/** Counts that the nodes of a region share; on a node alone nobody answers, and what it counts itself is all there is. */
export const LIMITS: ModuleServiceKey<SharedCounts> = new ServiceKey("limits");
/** HTTP services outside, asked within bounds: of addresses, time and bytes. */
export const OUTGOING: ModuleServiceKey<Outgoing> = new ServiceKey("outgoing");

/** A metrics listener as it came to be. */
export interface MetricsListening {
  readonly kind: "metrics";
  readonly tls: "none";
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}
