// Connections to Redis or Valkey: one server, a replicated one, or Redis Cluster.
import { readFileSync } from "node:fs";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { Logger } from "pino";
import type { RedisConfig, Secret } from "../config/contract.ts";
import { ConfigError } from "../config/load.ts";
import { readSecret } from "../config/secret.ts";

/** A connection for commands or for subscriptions. */
export type RedisConnection = Redis | Cluster;

/** Thrown where Redis does not answer at start. */
export class RedisUnavailable extends Error {
  override name = "RedisUnavailable";
}

type Options = Omit<RedisOptions, "replyMapping">;

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
  if (!config.cluster) {
    const redis = new Redis(first as string, options);
    // The options were copied; those of Redis Cluster are asked for each of its connections.
    redis.on("close", () => Object.assign(redis.options, { password: options.password }));
    return redis;
  }
  return new Cluster([...config.urls], {
    redisOptions: options,
    lazyConnect: true,
    enableOfflineQueue: false,
    shardedSubscribers: true,
    clusterRetryStrategy: (times) => Math.min(50 * times, RETRY_LIMIT),
  });
}

function optionsOf(config: RedisConfig): Options {
  const { username, password, authority, urls } = config;
  const options: Options = {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(50 * times, RETRY_LIMIT),
    ...(username === undefined ? {} : { username }),
    ...(urls[0]?.startsWith("rediss:") ? { tls: authority === undefined ? {} : { ca: readAuthority(authority) } } : {}),
  };
  return password === undefined ? options : withPassword(options, password);
}

/** A password may be a token that lives for minutes (AWS's of IAM does): each connection takes it as it is by then. */
function withPassword(options: Options, secret: Secret): Options {
  const read = () => readSecret(secret, "cluster.redis.password");
  let last = read();
  const get = () => {
    try {
      last = read();
    } catch {
      // Gone for the moment, as while it is replaced: the one before may do.
    }
    return last;
  };
  return Object.defineProperty(options, "password", { enumerable: true, get });
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
