// Connections to Redis or Valkey: one server, one found by Redis Sentinel, or Redis Cluster.

import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { Logger } from "pino";
import type { RedisConfig, Secret } from "../../../contract/contract.ts";
import { readSecret } from "../../../contract/secret.ts";
import { Failure } from "../../../contract/told.ts";
import { lastingClock } from "../../../xmpp/clock.ts";
import { readCertificates } from "../../tls/authorities.ts";
import "./fast-strings.ts";

/** A connection for commands or for subscriptions. */
export type RedisConnection = Redis | Cluster;

/** Thrown where Redis does not answer at start. */
export class RedisUnavailable extends Failure {
  override name = "RedisUnavailable";
  /** True where it may answer later without anybody correcting anything. */
  readonly passes: boolean;

  constructor(message: string, passes = true) {
    super(message);
    this.passes = passes;
  }
}

/** What waiting does not mend: a refused password or user, a certificate that is not trusted. */
const MISTAKE = /^(WRONGPASS|NOAUTH|NOPERM)|certificate|altnames|ERR_TLS|ERR_SSL/i;

type Options = Omit<RedisOptions, "replyMapping">;

/** Where sentinels listen by default. */
const SENTINEL_PORT = 26379;

/** Longest wait between two attempts to connect again, and the time of one, ms. */
const RETRY_LIMIT = 1_000;
const CONNECT_TIMEOUT = 5_000;
/**
 * ms after which a command that was not answered has failed, so that a Redis that hangs is one that is away; more than
 * the largest hash of a node takes to read. Heartbeats have a limit of their own.
 */
const COMMAND_TIMEOUT = 10_000;
/** ms between two new connections because the server has become a replica. */
const REPLICA_PAUSE = 10_000;

/** What ioredis gives up with for good where a failover is told while it asks the sentinels for the master. */
const GIVEN_UP = "Connection is closed.";

/**
 * Opens a connection that keeps coming back; commands given while it is away fail at once, for what a node does not
 * know to be in Redis it writes again. @throws RedisUnavailable naming the URL where the first attempt fails
 */
export async function connectRedis(config: RedisConfig, log: Logger): Promise<RedisConnection> {
  const connection = newConnection(config);
  const shown = withoutPassword(config.urls[0] as string);
  let last: Error | undefined;
  // Before it was there once whoever waits for it says so.
  let away: boolean | undefined;
  connection.on("error", (error: Error) => {
    last = error;
    if (away !== false) return;
    log.error({ reason: error.message, redis: shown }, "Redis does not answer");
    away = true;
  });
  connection.on("ready", () => {
    if (away === true) log.info({ redis: shown }, "Redis answers again");
    away = false;
  });
  connection.on("end", () => {
    // Of an end on purpose no error is told.
    if (away !== true || last?.message !== GIVEN_UP) return;
    last = undefined;
    connection.connect().catch(() => {});
  });
  try {
    await inTime(connection.connect());
    return connection;
  } catch (error) {
    connection.disconnect();
    const reason = (last ?? (error as Error)).message || (error as Error).message;
    throw new RedisUnavailable(
      `cluster.redis: ${shown} does not answer (${reason}); start Redis or Valkey there, or correct the URL`,
      !MISTAKE.test(reason),
    );
  }
}

/** A connection through sentinels is tried for ever where none of them answers, and a server may hang. */
function inTime<T>(connecting: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = lastingClock.setTimeout(() => reject(new Error("no answer in time")), COMMAND_TIMEOUT);
    connecting.then(resolve, reject).finally(() => lastingClock.clearTimeout(timer));
  });
}

function newConnection(config: RedisConfig): RedisConnection {
  const options = optionsOf(config);
  const [first] = config.urls;
  if (!config.cluster) {
    const redis =
      config.sentinel === undefined
        ? new Redis(first as string, options)
        : new Redis({ ...options, ...sentinelOptions(config, config.sentinel) });
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

/** The sentinels are asked who the master is, at each connection; when they name another one, the old is left. */
function sentinelOptions(config: RedisConfig, sentinel: NonNullable<RedisConfig["sentinel"]>): Options {
  const { username, password } = sentinel;
  const tls = tlsOf(config);
  return {
    name: sentinel.master,
    sentinels: config.urls.map((text) => {
      const { hostname, port } = new URL(text);
      return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || SENTINEL_PORT) };
    }),
    failoverDetector: true,
    sentinelRetryStrategy: (times) => Math.min(50 * times, RETRY_LIMIT),
    sentinelCommandTimeout: CONNECT_TIMEOUT,
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: readSecret(password, "cluster.redis.sentinel.password") }),
    ...(tls === undefined ? {} : { sentinelTLS: tls, enableTLSForSentinelMode: true }),
  };
}

function tlsOf({ urls, authority }: RedisConfig): { readonly ca?: string } | undefined {
  if (urls[0]?.startsWith("rediss:") !== true) return undefined;
  return authority === undefined ? {} : { ca: readCertificates(authority, "cluster.redis.authority") };
}

/** A server that became a replica is left for the one that is master now, which a name or a sentinel tells. */
function leaveReplicas(): (error: Error) => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return (error) => {
    const now = performance.now();
    if (!error.message.startsWith("READONLY") || now - last < REPLICA_PAUSE) return false;
    last = now;
    return true;
  };
}

function optionsOf(config: RedisConfig): Options {
  const { username, password } = config;
  const tls = tlsOf(config);
  const options: Options = {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT,
    commandTimeout: COMMAND_TIMEOUT,
    // Who subscribes sees to it himself (wire.ts).
    ...(config.cluster ? {} : { reconnectOnError: leaveReplicas(), autoResubscribe: false }),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(50 * times, RETRY_LIMIT),
    ...(username === undefined ? {} : { username }),
    ...(tls === undefined ? {} : { tls }),
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

/** A URL that may be shown. */
export function withoutPassword(url: string): string {
  return url.replace(/\/\/([^:@/]*):[^@/]*@/, "//$1:***@");
}
