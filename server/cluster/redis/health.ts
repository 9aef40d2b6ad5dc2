// How Redis is, proven by a write: one that answers and takes nothing serves no registry.
import type { Clock, Timer } from "../../../xmpp/clock.ts";
import type { RedisConnection } from "./connection.ts";

/** In the words of `/readyz`. */
export const REDIS_SILENT = "the registry (Redis) does not answer";

/** ms that a write may take. */
const PATIENCE = 2_000;
/** ms that what was written stays. */
const KEPT = 10_000;

/** Why Redis refuses a write, by the first word of its error; what else it says is for the log. */
const REFUSALS: Readonly<Record<string, string>> = {
  OOM: "its memory is full",
  READONLY: "it is a replica, and read-only",
  MISCONF: "it cannot write to its disk",
  NOREPLICAS: "it has too few replicas",
  NOPERM: "its user may not write",
  NOAUTH: "it wants another password",
  CLUSTERDOWN: "its cluster is down",
  LOADING: "it is loading",
  MASTERDOWN: "its master is down",
};

/** Why no client should come because of Redis, undefined where it takes writes. */
export async function redisHealth(redis: RedisConnection, key: string, clock: Clock): Promise<string | undefined> {
  let timer: Timer | undefined;
  const patience = new Promise<string>((resolve) => {
    timer = clock.setTimeout(() => resolve(REDIS_SILENT), PATIENCE);
  });
  const written = redis.set(key, "1", "PX", KEPT).then(() => undefined, refusal);
  const told = await Promise.race([written, patience]);
  clock.clearTimeout(timer);
  return told;
}

/** Redis answers with an error, or not at all. Its client is in memory by now: a node without Redis never loads it. */
async function refusal(error: unknown): Promise<string> {
  const { ReplyError } = await import("ioredis");
  if (!(error instanceof Error && error instanceof ReplyError)) return REDIS_SILENT;
  const why = REFUSALS[error.message.split(" ", 1)[0] ?? ""];
  return `the registry (Redis) takes no writes${why === undefined ? "" : `: ${why}`}`;
}
