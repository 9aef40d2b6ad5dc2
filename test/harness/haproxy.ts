// An HAProxy of its own for a test, from the machine's binary: one port in front of each backend.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort, removeFolder, temporaryFolder } from "./children.ts";
import { type OrdinaryUser, ordinaryUser, startDaemon } from "./daemon.ts";
import { find, hintOf } from "./software.ts";

/** What stands behind one port of HAProxy. */
export interface Backend {
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** Further words of the `server` line, as `send-proxy-v2 check`. */
  readonly settings: string;
  /** Lines that say what a health check does. */
  readonly check?: readonly string[];
}

/** A running HAProxy. */
export interface TestHaproxy {
  /** Its ports, by the names of the backends behind them. */
  readonly ports: ReadonlyMap<string, number>;
  /** Columns of `show stat` of each backend's server, by the names of the backends. */
  stats(): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>>;
  end(): Promise<void>;
}

/** Questions until it answers, and ms between two of them. */
const TRIES = 3_000;
const BETWEEN_TRIES = 10;

/** Starts it in front of `backends`. @throws Error where it is not installed or does not start */
export async function startHaproxy(backends: Readonly<Record<string, Backend>>): Promise<TestHaproxy> {
  const command = find("haproxy");
  if (command === undefined) throw new Error(`HAProxy is not installed: ${hintOf("haproxy")}`);
  const user: OrdinaryUser | undefined = ordinaryUser("haproxy");
  const folder = temporaryFolder("haproxy", user);
  const socket = join(folder, "stats.sock");
  const ports = new Map<string, number>();
  const sections: string[] = [];
  for (const [name, { port, settings, check = [] }] of Object.entries(backends)) {
    const own = await freePort();
    ports.set(name, own);
    const lines = [`bind 127.0.0.1:${own}`, ...check, `server node 127.0.0.1:${port} ${settings}`];
    sections.push(`listen ${name}\n${lines.map((line) => `  ${line}\n`).join("")}`);
  }
  const timeouts = ["connect 5s", "client 60s", "server 60s", "check 10s"]
    .map((timeout) => `  timeout ${timeout}\n`)
    .join("");
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, `global\n  stats socket ${socket}\ndefaults\n  mode tcp\n${timeouts}${sections.join("")}`, {
    mode: 0o644,
  });
  const daemon = await startDaemon({ command, args: ["-V", "-db", "-f", file], user, ready: /polling mechanism/ });
  // It says so before it listens; once it answers, it listens everywhere.
  for (let tries = 0; ; tries++) {
    try {
      await readStats(socket);
      break;
    } catch (error) {
      if (tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_TRIES));
    }
  }
  return {
    ports,
    stats: () => readStats(socket),
    async end() {
      await daemon.stop("SIGKILL");
      removeFolder(folder);
    },
  };
}

async function readStats(path: string): Promise<Map<string, Record<string, string>>> {
  const socket = connect(path);
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.write("show stat\n");
  await once(socket, "end");
  const [head = "", ...lines] = text.trim().split("\n");
  const columns = head.replace(/^# /, "").split(",");
  const rows = lines.map((line) => {
    const values = line.split(",");
    return Object.fromEntries(columns.map((column, i) => [column, values[i] ?? ""]));
  });
  return new Map(rows.filter(({ svname }) => svname === "node").map((row) => [row.pxname ?? "", row]));
}
