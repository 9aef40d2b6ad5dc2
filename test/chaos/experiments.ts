// The experiments by name.
import { kill } from "./kill.ts";
import type { ChaosOptions } from "./options.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";
import type { Report } from "./report.ts";
import { resume } from "./resume.ts";
import { rolling } from "./rolling.ts";
import { slow } from "./slow.ts";
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
};
