// A Redis of its own for a test, from the machine's binaries.
import { freePort, removeFolder, temporaryFolder } from "./children.ts";
import { type Daemon, ordinaryUser, startDaemon } from "./daemon.ts";
import { find, hintOf } from "./software.ts";

/** A Redis (or Valkey) server. */
export interface TestRedis {
  readonly port: number;
  readonly url: string;
  /** Port of Redis Cluster's own talk between its servers, where it is one. */
  readonly busPort: number | undefined;
  /** Its process, while it runs. */
  readonly pid: number;
  /** Ends the server; what it held in memory is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port, empty. */
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  end(): Promise<void>;
}

/** The Redis of a test as nodes are told of it. */
export type RedisSettings = Readonly<Record<string, unknown>> & { readonly urls: readonly string[] };

/**
 * Starts a Redis on a free port of 127.0.0.1 that keeps nothing on the disk. `settings` are further arguments, as in
 * `["--cluster-enabled", "yes"]`; `PORT` in them is that port. `command` is
 * the server's program.
 * @throws Error where it is not installed or does not start
 */
export async function startRedis(
  settings: readonly string[] = [],
  command: string | undefined = find("redis"),
): Promise<TestRedis> {
  if (command === undefined) throw new Error(`Redis is not installed: ${hintOf("redis")}`);
  const user = ordinaryUser("redis");
  const folder = temporaryFolder("redis", user);
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
  // By default it is 10,000 more than the port, which may be no port at all.
  const busPort = settings.includes("--cluster-enabled") ? await freePort() : undefined;
  if (busPort !== undefined) args.push("--cluster-port", String(busPort));
  let daemon: Daemon | undefined;

  async function start(): Promise<void> {
    daemon = await startDaemon({
      command: command as string,
      args: [...args, ...settings.map((word) => word.replaceAll("PORT", String(port)))],
      user,
      ready: /Ready to accept connections/i,
    });
  }
  async function stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await daemon?.stop(signal);
    daemon = undefined;
  }
  async function end(): Promise<void> {
    await stop("SIGKILL");
    removeFolder(folder);
  }

  await start();
  return {
    port,
    busPort,
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return daemon?.pid ?? 0;
    },
    stop,
    start,
    end,
  };
}
