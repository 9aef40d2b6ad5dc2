// A Redis of its own for a test, from the machine's binaries.
import {
  type Daemon,
  findProgram,
  freePort,
  ordinaryUser,
  removeFolder,
  startDaemon,
  temporaryFolder,
} from "./daemon.ts";

/** A Redis (or Valkey) server. */
export interface TestRedis {
  readonly port: number;
  readonly url: string;
  /** Its process, while it runs. */
  readonly pid: number;
  /** Ends the server; what it held in memory is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port, empty. */
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  end(): Promise<void>;
}

/** How to install what is missing. */
export const REDIS_HINT = "apt-get install redis-server";

/** The server's program, if the machine has one. */
export function findRedis(): string | undefined {
  return findProgram("/usr/bin/redis-server", "/usr/local/bin/redis-server", "/usr/bin/valkey-server");
}

/**
 * Starts a Redis on a free port of 127.0.0.1 that keeps nothing on the disk. `settings` are further arguments, as in
 * `["--cluster-enabled", "yes"]`.
 * @throws Error where it is not installed or does not start
 */
export async function startRedis(settings: readonly string[] = []): Promise<TestRedis> {
  const command = findRedis();
  if (command === undefined) throw new Error(`Redis is not installed: ${REDIS_HINT}`);
  const user = ordinaryUser("redis");
  const folder = temporaryFolder("redis", user);
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
  let daemon: Daemon | undefined;

  async function start(): Promise<void> {
    daemon = await startDaemon({
      command: command as string,
      args: [...args, ...settings],
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
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return daemon?.pid ?? 0;
    },
    stop,
    start,
    end,
  };
}
