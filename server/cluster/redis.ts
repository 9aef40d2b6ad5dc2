// Connections to Redis or Valkey: one server, a replicated one, or Redis Cluster.
import { readFileSync } from "node:fs";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { Logger } from "pino";
import type { RedisConfig } from "../config/contract.ts";
import { ConfigError } from "../config/load.ts";
import { readSecret } from "../config/secret.ts";

/** A connection for commands or for subscriptions. */
export type RedisConnection = Redis | Cluster;

/** Thrown where Redis does not answer at start. */
export class RedisUnavailable extends Error {
  override name = "RedisUnavailable";
}

/** Longest wait between two attempts to connect again, and the time of one, ms. */
const RETRY_LIMIT = 1_000;
const CONNECT_TIMEOUT = 5_000;

/**
 * Opens a connection that keeps coming back; commands given while it is away fail at once, for what a node does not
 * know to be in Redis it writes again. @throws RedisUnavailable naming the URL where the first attempt fails
 */
export async function connectRedis(config: RedisConfig, log: Logger): Promise<RedisConnection> {
  const connection = newConnection(config);
  const shown = withoutPassword(config.urls[0] as string);
  let last: Error | undefined;
  let away = false;
  connection.on("error", (error: Error) => {
    last = error;
    if (!away) log.error({ err: error, redis: shown }, "Redis does not answer");
    away = true;
  });
  connection.on("ready", () => {
    if (away) log.info({ redis: shown }, "Redis answers again");
    away = false;
  });
  try {
    await connection.connect();
    return connection;
  } catch (error) {
    connection.disconnect();
    const reason = (last ?? (error as Error)).message || (error as Error).message;
    throw new RedisUnavailable(
      `cluster.redis: ${shown} does not answer (${reason}); start Redis or Valkey there, or correct the URL`,
    );
  }
}

function newConnection(config: RedisConfig): RedisConnection {
  const options = optionsOf(config);
  const [first] = config.urls;
  if (!config.cluster) return new Redis(first as string, options);
  return new Cluster([...config.urls], {
    redisOptions: options,
    lazyConnect: true,
    enableOfflineQueue: false,
    shardedSubscribers: true,
    clusterRetryStrategy: (times) => Math.min(50 * times, RETRY_LIMIT),
  });
}

function optionsOf(config: RedisConfig): RedisOptions {
  const { username, password, authority, urls } = config;
  const secret = password === undefined ? undefined : readSecret(password, "cluster.redis.password");
  return {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(50 * times, RETRY_LIMIT),
    ...(username === undefined ? {} : { username }),
    ...(secret === undefined ? {} : { password: secret }),
    ...(urls[0]?.startsWith("rediss:") ? { tls: authority === undefined ? {} : { ca: readAuthority(authority) } } : {}),
  };
}

function readAuthority(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigError("cluster.redis.authority", [`cannot be read: ${(error as Error).message}`]);
  }
}

/** A URL that may be shown. */
export function withoutPassword(url: string): string {
  return url.replace(/\/\/([^:@/]*):[^@/]*@/, "//$1:***@");
}
