// A Redis or Valkey that runs already, by its URL: whether it answers, and what nodes are told of it.
import { Redis } from "ioredis";
import type { NodeConfigInput } from "../../contract/contract.ts";
import { UsageError } from "../cli/command.ts";
import { withoutPassword } from "./url.ts";

/** As the configuration of a node says it. */
export type RedisInput = NonNullable<NodeConfigInput["cluster"]>["redis"];

const CONNECT_MS = 5000;

/** A server's URL, taken apart: the password is for a file. */
export interface RedisAddress {
  readonly url: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** Takes a URL apart. */
export function redisAddress(text: string): RedisAddress {
  const url = new URL(text);
  const part = (value: string) => (value === "" ? undefined : decodeURIComponent(value));
  const address = { username: part(url.username), password: part(url.password) };
  url.username = "";
  url.password = "";
  return { url: url.href, ...address };
}

/** Says whether it is one of a Redis Cluster. @throws UsageError naming option and URL where it does not answer */
export async function checkRedis(url: string): Promise<{ readonly cluster: boolean }> {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: CONNECT_MS, retryStrategy: () => null });
  let last: Error | undefined;
  redis.on("error", (error: Error) => {
    last = error;
  });
  try {
    await redis.connect();
    await redis.ping();
    const info = await redis.info("cluster").catch(() => "");
    return { cluster: /cluster_enabled:1/.test(info) };
  } catch (error) {
    const { message } = last ?? (error as Error);
    throw new UsageError(`--redis ${withoutPassword(url)}: ${message || "it does not answer"}`);
  } finally {
    redis.disconnect();
  }
}
