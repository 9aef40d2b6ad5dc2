// A region under test: nodes of Meridian that share a Redis and a database, all on the servers' core.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { NodeConfigInput } from "../../contract/contract.ts";
import { temporaryFolder } from "../../test/harness/children.ts";
import { startPostgres, type TestPostgres } from "../../test/harness/postgres.ts";
import { startRedis, type TestRedis } from "../../test/harness/redis.ts";
import { find, hintOf } from "../../test/harness/software.ts";
import { SERVER_CORE } from "./processes.ts";
import { type ServerUnderTest, type Setup, startServer } from "./server.ts";
import { cpuMicros } from "./usage.ts";

/** What a region is made of. */
export interface RegionPlan extends Setup {
  readonly nodes: number;
  /** One node has no Redis unless it is asked for. */
  readonly redis: boolean;
  readonly storage: "sqlite" | "postgres";
}

/** A region that runs. */
export interface Region {
  readonly nodes: readonly ServerUnderTest[];
  readonly redis: TestRedis | undefined;
  /** µs of CPU of each kind of process so far. */
  cpu(): RegionCpu;
  stop(): Promise<void>;
}

/** µs of CPU. */
export interface RegionCpu {
  readonly nodes: number;
  readonly redis: number;
  readonly database: number;
}

/** What the machine lacks for a region, and how to install it; undefined where it has all. */
export function missingFor({ redis, storage }: Pick<RegionPlan, "redis" | "storage">): string | undefined {
  if (redis && find("redis") === undefined) return `no Redis: ${hintOf("redis")}`;
  return storage === "postgres" && find("postgres") === undefined ? `no PostgreSQL: ${hintOf("postgres")}` : undefined;
}

/** Starts a region. PostgreSQL flushes its log at each commit, as in production. */
export async function startRegion(plan: RegionPlan): Promise<Region> {
  const redis = plan.redis ? await startRedis() : undefined;
  const postgres = plan.storage === "postgres" ? await startPostgres({ durable: true }) : undefined;
  for (const pid of [redis?.pid, postgres?.pid]) if (pid !== undefined) pin(pid);
  const settings: Partial<NodeConfigInput> = {
    ...plan.meridian,
    storage: await storageOf(postgres),
    ...(redis === undefined ? {} : { cluster: { redis: { urls: [redis.url] } } }),
  };
  const nodes: ServerUnderTest[] = [];
  for (let n = 1; n <= plan.nodes; n += 1) {
    const meridian = { ...settings, node: `node-${n}` };
    nodes.push(await startServer("meridian", { ...plan, meridian, makesAccounts: n === 1 }));
  }
  return {
    nodes,
    redis,
    cpu: () => ({
      nodes: nodes.reduce((sum, { pid }) => sum + cpuMicros(pid), 0),
      redis: redis === undefined ? 0 : cpuMicros(redis.pid),
      database: postgres === undefined ? 0 : cpuMicros(postgres.pid),
    }),
    async stop() {
      for (const node of nodes) await node.stop();
      await redis?.end();
      await postgres?.end();
    },
  };
}

async function storageOf(postgres: TestPostgres | undefined): Promise<NonNullable<NodeConfigInput["storage"]>> {
  if (postgres !== undefined) return { kind: "postgres", url: await postgres.createDatabase("bench") };
  return { kind: "sqlite", file: join(temporaryFolder("region"), "region.sqlite") };
}

/** The servers' core; what it starts later inherits that. */
function pin(pid: number): void {
  execFileSync("taskset", ["-a", "-c", "-p", String(SERVER_CORE), String(pid)], { stdio: "ignore" });
}
