// A MariaDB of its own for a test, from the machine's binaries.
import { join } from "node:path";
import mysql from "mysql2/promise";
import { freePort, removeFolder, temporaryFolder } from "./children.ts";
import { type Daemon, ordinaryUser, startDaemon } from "./daemon.ts";
import { find, hintOf } from "./software.ts";

/** A MariaDB server. */
export interface TestMariadb {
  readonly port: number;
  /** Makes an empty database and gives its URL. */
  createDatabase(name: string): Promise<string>;
  /** Ends the server, its data kept: `SIGTERM` orderly, `SIGKILL` as in a crash. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  end(): Promise<void>;
}

/**
 * Starts a MariaDB on a free port of 127.0.0.1. Its tables of users are not made, so that it starts within a second
 * and lets everybody in. `durable` flushes to the disk as in production; otherwise commits survive the
 * server's death and not the machine's. `addresses`: what it listens on, separated by commas.
 * @throws Error where it is not installed or does not start
 */
export async function startMariadb(options: { durable?: boolean; addresses?: string } = {}): Promise<TestMariadb> {
  const command = find("mariadb");
  if (command === undefined) throw new Error(`MariaDB is not installed: ${hintOf("mariadb")}`);
  const user = ordinaryUser("mysql");
  const folder = temporaryFolder("mariadb", user);
  const port = await freePort();
  const args = [
    "--no-defaults",
    `--datadir=${folder}`,
    "--skip-grant-tables",
    `--bind-address=${options.addresses ?? "127.0.0.1"}`,
    `--port=${port}`,
    `--socket=${join(folder, "socket")}`,
    `--pid-file=${join(folder, "pid")}`,
    "--innodb-log-file-size=16M",
    "--innodb-buffer-pool-size=64M",
    ...(options.durable === true ? [] : ["--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0"]),
  ];
  let daemon: Daemon | undefined;

  async function start(): Promise<void> {
    daemon = await startDaemon({ command: command as string, args, user, ready: /ready for connections/ });
  }
  async function stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await daemon?.stop(signal);
    daemon = undefined;
  }
  async function createDatabase(name: string): Promise<string> {
    const connection = await mysql.createConnection({ host: "127.0.0.1", port, user: "meridian" });
    await connection.query(`create database ${name}`);
    await connection.end();
    return `mysql://meridian@127.0.0.1:${port}/${name}`;
  }
  async function end(): Promise<void> {
    await stop("SIGKILL");
    removeFolder(folder);
  }

  await start();
  // What it makes of an empty folder is whole on the disk only once it has ended in order: before that a crash is its end.
  await stop();
  await start();
  return { port, createDatabase, stop, start, end };
}
