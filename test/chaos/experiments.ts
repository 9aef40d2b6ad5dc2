// The experiments by name.
import { blockedLoop } from "./blocked-loop.ts";
import { hungDatabase } from "./hung-database.ts";
import { kill } from "./kill.ts";
import { linkResets } from "./link-resets.ts";
import type { ChaosOptions } from "./options.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";
import { redisCluster } from "./redis-cluster.ts";
import { redisReadonly } from "./redis-readonly.ts";
import type { Report } from "./report.ts";
import { resume } from "./resume.ts";
import { rolling } from "./rolling.ts";
import { slow } from "./slow.ts";
import { split } from "./split.ts";
import { stop } from "./stop.ts";
import { storm } from "./storm.ts";

/** Each does what its file says and reports. */
export const EXPERIMENTS: Readonly<Record<string, (options: ChaosOptions) => Promise<Report>>> = {
  kill,
  rolling,
  redis,
  postgres,
  slow,
  storm,
  resume,
  stop,
  "hung-database": hungDatabase,
  "redis-readonly": redisReadonly,
  "redis-cluster": redisCluster,
  split,
  "blocked-loop": blockedLoop,
  "link-resets": linkResets,
};
