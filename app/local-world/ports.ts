// Ports of a local world: the ones people get used to where they are free, others where not; and who has a busy one.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";

/** Ports of one node. 0: the system chooses. */
export interface NodePorts {
  /** Clients, STARTTLS. */
  readonly client: number;
  /** Clients, TLS from the first byte. */
  readonly clientTls: number;
  /** HTTP and WebSocket. */
  readonly web: number;
  /** HTTPS, WebSocket, and by ALPN clients' streams. */
  readonly webTls: number;
  /** Servers, STARTTLS. */
  readonly server: number;
  /** Servers, TLS from the first byte. */
  readonly serverTls: number;
}

/** Ports of a node behind a balancer: its own are for the balancer alone. */
export interface BehindPorts extends NodePorts {
  /** Health and metrics. */
  readonly metrics: number;
}

/** Ports of any node. */
export type AnyPorts = NodePorts | BehindPorts;

/** Below the ports that the system gives to outgoing connections. */
const FIRST = 15200;
/** Ports between one region and the next. */
const STEP = 100;

/** The page's port where none is asked for. */
export const PAGE_PORT = FIRST;
/** Ports of the name server, Redis and PostgreSQL where they are free. */
export const ZONE_PORT = FIRST + 53;
export const REDIS_PORT = FIRST + 79;
export const POSTGRES_PORT = FIRST + 32;
/** Nodes behind balancers: 200 ports for each region, 10 for each node. */
const FIRST_BEHIND = 20_000;
const REGION_STEP = 200;
const NODE_STEP = 10;
/** Most nodes of a region. */
export const MOST_NODES = REGION_STEP / NODE_STEP;

/** Ports of the n-th region where nobody else has them: 15322, 15422, … end like the well-known ones. */
export function usualPorts(index: number): NodePorts {
  const base = FIRST + STEP * (index + 1);
  const [client, clientTls, web, webTls] = [base + 22, base + 23, base + 80, base + 43];
  return { client, clientTls, web, webTls, server: base + 69, serverTls: base + 70 };
}

/** Ports of a region's n-th node behind its balancer, where nobody else has them. */
export function usualBehind(region: number, node: number): BehindPorts {
  const base = FIRST_BEHIND + REGION_STEP * region + NODE_STEP * node;
  const [client, clientTls, web, webTls] = [base, base + 1, base + 2, base + 3];
  return { client, clientTls, web, webTls, server: base + 4, serverTls: base + 5, metrics: base + 6 };
}

/** The balancer's port that leads to a region's n-th node and to no other. */
export function usualOwn(region: number, node: number): number {
  return FIRST + STEP * (region + 1) + node + 1;
}

/** Ports that the system chooses. */
export const anyPorts: NodePorts = { client: 0, clientTls: 0, web: 0, webTls: 0, server: 0, serverTls: 0 };
export const anyBehind: BehindPorts = { ...anyPorts, metrics: 0 };

/** The same uses, and the system chooses. */
export function anyPortsLike(ports: AnyPorts): AnyPorts {
  return "metrics" in ports ? anyBehind : anyPorts;
}

/** These ports, with 0 in place of each that somebody has. */
export async function freeOf<Ports extends NodePorts>(ports: Ports): Promise<Ports> {
  const entries = Object.entries(ports).map(async ([use, port]) => [use, (await isFree(port)) ? port : 0]);
  return Object.fromEntries(await Promise.all(entries)) as Ports;
}

/** The port where it is free, else one that is: for programs that do not tell which port they took. */
export async function anyFree(port: number): Promise<number> {
  return (port !== 0 && (await listenAt(port))) || (await listenAt(0)) || 0;
}

/** True when a listener on 127.0.0.1 can have the port now. */
export async function isFree(port: number): Promise<boolean> {
  return (await listenAt(port)) !== undefined;
}

/** Listens for a moment. Returns the port that it was, undefined where somebody has it. */
async function listenAt(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen({ port, host: "127.0.0.1", exclusive: true });
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}

/** Who listens on a TCP port, such as "process 4711 (nginx)"; undefined where the system does not tell. */
export function ownerOf(port: number): string | undefined {
  return ownerByProc(port) ?? ownerByLsof(port);
}

function ownerByProc(port: number): string | undefined {
  const inodes = new Set([...listening("/proc/net/tcp", port), ...listening("/proc/net/tcp6", port)]);
  if (inodes.size === 0) return undefined;
  for (const pid of entriesOf("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of entriesOf(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(targetOf(`/proc/${pid}/fd/${descriptor}`))?.[1];
      if (inode !== undefined && inodes.has(inode)) return `process ${pid} (${nameOf(pid)})`;
    }
  }
  return undefined;
}

/** Inodes of the sockets that listen on a port: state 0A (proc_pid_net(5)). */
function listening(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return textOf(table)
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${wanted}`) && fields[3] === "0A")
    .flatMap((fields) => fields[9] ?? []);
}

function nameOf(pid: string): string {
  const [program = "", script = ""] = textOf(`/proc/${pid}/cmdline`).split("\0");
  const name = program.split("/").at(-1) ?? "";
  // "node" says little: which script it runs says more.
  return name === "node" && script !== "" ? `${name} ${script.split("/").slice(-2).join("/")}` : name;
}

/** macOS and the BSDs. */
function ownerByLsof(port: number): string | undefined {
  if (process.platform === "linux") return undefined;
  try {
    const text = execFileSync("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"], { encoding: "utf8" });
    const pid = /^p(\d+)$/m.exec(text)?.[1];
    return pid === undefined ? undefined : `process ${pid} (${/^c(.+)$/m.exec(text)?.[1] ?? "unknown"})`;
  } catch {
    return undefined;
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "";
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
