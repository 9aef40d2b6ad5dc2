// A PostgreSQL of its own for a test, from the machine's binaries.
import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import pg from "pg";
import { freePort, removeFolder, temporaryFolder } from "./children.ts";
import { type Daemon, type OrdinaryUser, ordinaryUser, startDaemon } from "./daemon.ts";
import { RUN_MARK } from "./run/mark.ts";
import { find, hintOf } from "./software.ts";

/** A PostgreSQL server. */
export interface TestPostgres {
  readonly port: number;
  /** Its process, while it runs; the others are its children. */
  readonly pid: number;
  /** Makes an empty database and gives its URL. */
  createDatabase(name: string): Promise<string>;
  /** Ends the server, its data kept: `SIGINT` orderly, `SIGQUIT` as in a crash. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  end(): Promise<void>;
}

/** Made by this process, where no run of the tests has a folder for it. */
let own: string | undefined;

/** The folder of a server that has no data yet. It is made once in a run of the tests: that takes as long as many tests. */
async function emptyData(initdb: string, user: OrdinaryUser | undefined): Promise<string> {
  const run = process.env[RUN_MARK];
  const shared = run === undefined ? own : join(run, "postgres");
  if (shared !== undefined && existsSync(shared)) return shared;
  const made = temporaryFolder("postgres-empty", user);
  const args = ["-D", made, "-U", "meridian", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  await startDaemon({ command: initdb, args, user, ready: undefined });
  if (shared === undefined) {
    own = made;
    return made;
  }
  try {
    renameSync(made, shared);
  } catch {
    // Another test file was faster.
    rmSync(made, { recursive: true });
  }
  return shared;
}

/**
 * Starts a PostgreSQL on a free port of 127.0.0.1. `durable` flushes to the disk as in production; otherwise commits
 * survive the server's death and not the machine's.
 * @throws Error where it is not installed or does not start
 */
export async function startPostgres(options: { durable?: boolean; settings?: string[] } = {}): Promise<TestPostgres> {
  const initdb = find("postgres");
  if (initdb === undefined) throw new Error(`PostgreSQL is not installed: ${hintOf("postgres")}`);
  const user = ordinaryUser("postgres");
  const folder = temporaryFolder("postgres", user);
  const data = join(folder, "data");
  await startDaemon({ command: "cp", args: ["-R", "-p", await emptyData(initdb, user), data], user, ready: undefined });

  const port = await freePort();
  const durability = options.durable === true ? [] : ["fsync=off"];
  const settings = [
    "listen_addresses=127.0.0.1",
    `port=${port}`,
    `unix_socket_directories=${folder}`,
    "max_connections=100",
    ...durability,
    ...(options.settings ?? []),
  ];
  const args = ["-D", data, ...settings.flatMap((setting) => ["-c", setting])];
  const command = join(dirname(initdb), "postgres");
  let daemon: Daemon | undefined;

  async function start(): Promise<void> {
    daemon = await startDaemon({
      command,
      args,
      user,
      ready: /database system is ready to accept connections/,
      deathSignal: "SIGQUIT",
    });
  }
  async function stop(signal: NodeJS.Signals = "SIGINT"): Promise<void> {
    await daemon?.stop(signal);
    daemon = undefined;
  }
  async function createDatabase(name: string): Promise<string> {
    const url = (database: string) => `postgres://meridian@127.0.0.1:${port}/${database}`;
    const client = new pg.Client({ connectionString: url("postgres") });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    return url(name);
  }
  async function end(): Promise<void> {
    await stop("SIGQUIT");
    removeFolder(folder);
  }

  await start();
  return {
    port,
    get pid() {
      return daemon?.pid ?? 0;
    },
    createDatabase,
    stop,
    start,
    end,
  };
}
