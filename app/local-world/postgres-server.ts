// The PostgreSQL of a local world: started from the machine's programs, as an ordinary user where we are root.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../../contract/folder.ts";
import { Failure } from "../cli/command.ts";
import { Daemon } from "./daemon.ts";
import { type OrdinaryUser, ordinaryUser, postgresOf } from "./machine.ts";
import { anyFree } from "./ports.ts";
import { isRunning } from "./process-identity.ts";
import type { ServerSurroundings, StartedServer } from "./redis-server.ts";

/** What it needs beside. */
export interface PostgresSurroundings extends ServerSurroundings {
  /** Folder of its data, which is made where it is missing. */
  readonly folder: string;
  readonly connections: number;
  /** Whether its data is to survive the machine's death as well as the process's. */
  readonly durable: boolean;
}

const USER = "meridian";
/** ms that one of an earlier start has to end; it does so by itself. */
const EARLIER_MS = 20_000;

/** Starts it, and makes its data where there is none. @throws Failure */
export async function startPostgres(options: PostgresSurroundings): Promise<StartedServer> {
  const { folder, password, onOutput, onUp, onDown } = options;
  const user = ordinaryUser("postgres");
  makeFolder(folder, 0o700);
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  // As another user it may not come through the folders above: then it is given this one open (proc_pid_fd(5)).
  const inside = user === undefined ? folder : "/proc/self/fd/4";
  const version = versionIn(folder);
  const programs = version === undefined ? options.program : postgresOf(version, options.program);
  if (version === undefined) await makeData({ initdb: join(programs, "initdb"), folder, inside, password, user });
  await earlierGone(folder);
  const port = await anyFree(options.port);
  const settings = [
    `port=${port}`,
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    `max_connections=${options.connections}`,
    "shared_buffers=64MB",
    "log_checkpoints=off",
    ...(options.durable ? [] : ["fsync=off"]),
  ];
  const daemon = new Daemon({
    name: "PostgreSQL",
    command: join(programs, "postgres"),
    args: ["-D", join(inside, "data"), ...settings.flatMap((setting) => ["-c", setting])],
    user,
    folder,
    ready: /database system is ready to accept connections/,
    // Fast, and immediate: pg_ctl(1).
    signals: { end: "SIGINT", kill: "SIGQUIT" },
    onOutput,
    onUp,
    onDown,
  });
  await daemon.start();
  return { url: `postgres://${USER}:${password}@127.0.0.1:${port}`, daemon };
}

function versionIn(folder: string): string | undefined {
  const file = join(folder, "data", "PG_VERSION");
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}

/** How a server's data is made. */
interface DataMaking {
  /** The program. */
  readonly initdb: string;
  readonly folder: string;
  /** The folder as the program sees it. */
  readonly inside: string;
  readonly password: string;
  readonly user: OrdinaryUser | undefined;
}

async function makeData({ initdb, folder, inside, password, user }: DataMaking): Promise<void> {
  const open = openSync(folder, "r");
  const file = join(folder, "password");
  const data = join(folder, "data");
  // What was interrupted last time.
  rmSync(data, { recursive: true, force: true });
  try {
    writeFileSync(file, `${password}\n`, { mode: 0o600 });
    if (user !== undefined) chownSync(file, user.uid, user.gid);
    const args = ["-D", join(inside, "data"), "-U", USER, "-A", "scram-sha-256", "--pwfile", join(inside, "password")];
    const made = spawn(initdb, [...args, "-E", "UTF8", "--locale=C", "--no-sync"], {
      cwd: "/",
      stdio: ["ignore", "ignore", "pipe", "ignore", open],
      ...user,
    });
    let said = "";
    made.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const [code] = (await once(made, "close")) as [number | null];
    if (code === 0) return;
    rmSync(data, { recursive: true, force: true });
    throw new Failure(`PostgreSQL's data was not made: ${said.trim() || `initdb ended with ${code}`}`);
  } finally {
    closeSync(open);
    rmSync(file, { force: true });
  }
}

/** One whose supervisor was killed ends by itself a little later. */
async function earlierGone(folder: string): Promise<void> {
  const file = join(folder, "data", "postmaster.pid");
  const until = Date.now() + EARLIER_MS;
  while (existsSync(file) && Date.now() < until) {
    const pid = Number(readFileSync(file, "utf8").split("\n")[0]);
    if (!(pid > 0 && isRunning({ pid }))) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
