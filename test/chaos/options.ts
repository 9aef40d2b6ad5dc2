// What the command line asks of an experiment, and what each of them is by default and in its short form.
import { parseArgs } from "node:util";
import { CONTROLS, type Control } from "./control.ts";

/** Numbers of one run. */
export interface ChaosOptions {
  readonly against: Control | undefined;
  readonly nodes: number;
  readonly clients: number;
  /** Messages a second. */
  readonly rate: number;
  /** Length of what is done to the site, or of the load around it. */
  readonly seconds: number;
  /** Bounds of time are so many times as long: 1, or more where the machine is everybody's. */
  readonly patience: number;
  /** A node is killed in the middle of the harm. */
  readonly kill: boolean;
  readonly json: boolean;
}

/** An experiment's own numbers. */
type Numbers = Omit<ChaosOptions, "against" | "patience" | "kill" | "json">;

/** How much longer things may take in continuous integration, where nothing is to be decided by timing. */
export const SHORT_PATIENCE = 10;

/** As the issue has them. */
export const DEFAULTS: Readonly<Record<string, Numbers>> = {
  kill: { nodes: 3, clients: 2000, rate: 500, seconds: 30 },
  rolling: { nodes: 3, clients: 2000, rate: 300, seconds: 5 },
  redis: { nodes: 3, clients: 500, rate: 300, seconds: 20 },
  postgres: { nodes: 2, clients: 500, rate: 200, seconds: 30 },
  slow: { nodes: 1, clients: 100, rate: 100, seconds: 30 },
  storm: { nodes: 3, clients: 10_000, rate: 0, seconds: 20 },
  resume: { nodes: 2, clients: 200, rate: 10_000, seconds: 0 },
  stop: { nodes: 3, clients: 400, rate: 200, seconds: 16 },
  "hung-database": { nodes: 3, clients: 400, rate: 200, seconds: 20 },
  "redis-readonly": { nodes: 3, clients: 400, rate: 200, seconds: 15 },
  "redis-cluster": { nodes: 3, clients: 400, rate: 200, seconds: 12 },
  split: { nodes: 3, clients: 400, rate: 200, seconds: 15 },
  "blocked-loop": { nodes: 3, clients: 400, rate: 200, seconds: 15 },
  "link-resets": { nodes: 2, clients: 200, rate: 200, seconds: 15 },
};

/** For continuous integration: seconds each. */
export const SHORT: Readonly<Record<string, Numbers>> = {
  kill: { nodes: 3, clients: 100, rate: 100, seconds: 3 },
  rolling: { nodes: 2, clients: 100, rate: 60, seconds: 1 },
  redis: { nodes: 2, clients: 60, rate: 60, seconds: 2 },
  postgres: { nodes: 1, clients: 60, rate: 60, seconds: 3 },
  slow: { nodes: 1, clients: 30, rate: 50, seconds: 12 },
  storm: { nodes: 2, clients: 300, rate: 0, seconds: 2 },
  resume: { nodes: 2, clients: 40, rate: 300, seconds: 0 },
  stop: { nodes: 2, clients: 40, rate: 40, seconds: 4 },
  "hung-database": { nodes: 2, clients: 40, rate: 40, seconds: 4 },
  "redis-readonly": { nodes: 2, clients: 40, rate: 40, seconds: 4 },
  "redis-cluster": { nodes: 3, clients: 40, rate: 40, seconds: 6 },
  split: { nodes: 2, clients: 40, rate: 40, seconds: 4 },
  "blocked-loop": { nodes: 2, clients: 40, rate: 40, seconds: 4 },
  "link-resets": { nodes: 2, clients: 20, rate: 40, seconds: 3 },
};

export const USAGE = `usage: npm run chaos -- [NAME …] [options]

  kill       kill -9 of one node under load
  rolling    every node ended by SIGTERM and started again, one after the other
  redis      Redis killed, and started again empty
  postgres   PostgreSQL stopped for a while
  slow       readers whose window is zero
  storm      everybody cut off at once, and back
  resume     sessions resumed after cuts at random bytes

  stop            a node, Redis and PostgreSQL stopped, and let go on (SIGSTOP, SIGCONT)
  hung-database   tables locked, by themselves and while a node drains; then every node restarted in order
  redis-readonly  Redis out of memory, and a replica
  redis-cluster   a master of Redis Cluster hangs
  split           nodes cut from Redis, and so from each other
  blocked-loop    a node that runs in jerks
  link-resets     connections of two regions, and of their clients, reset again and again

  --against NAME   on Debian's prosody or ejabberd instead (kill, slow, storm, resume)
  --nodes N        nodes of the cluster
  --clients N      clients; slow: readers that do not read
  --rate N         messages a second; resume: resumptions altogether
  --seconds N      kill: load after the kill; postgres, redis: length of the outage or of the load after it;
                   slow: time that they read first; storm: spread of the first attempt; stop … link-resets: each harm
  --kill           a node is killed in the middle of the harm (stop, hung-database, redis-readonly, redis-cluster, split,
                   blocked-loop, link-resets)
  --short          the short form of continuous integration
  --json           JSON rather than tables

Without a name all of them run, one after the other. Exit code 1: a figure was beyond its bound.`;

/** A command line that makes no sense. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Reads the command line. @throws UsageError */
export function readOptions(argv: readonly string[]): {
  names: string[];
  options(name: string): ChaosOptions;
  json: boolean;
} {
  const { values, positionals } = parse(argv);
  for (const name of positionals)
    if (!Object.hasOwn(DEFAULTS, name)) throw new UsageError(`no experiment is called ${name}`);
  const against = CONTROLS.find((name) => name === values.against);
  if (values.against !== undefined && against === undefined)
    throw new UsageError(`no control run on ${values.against}`);
  const given = Object.fromEntries(
    (["nodes", "clients", "rate", "seconds"] as const).flatMap((key) => {
      const text = values[key];
      if (text === undefined) return [];
      if (!/^\d+$/.test(text)) throw new UsageError(`--${key} takes a number`);
      return [[key, Number(text)]];
    }),
  );
  const json = values.json === true;
  return {
    names: positionals.length > 0 ? positionals : Object.keys(DEFAULTS),
    options: (name) => ({
      ...(values.short === true ? SHORT : DEFAULTS)[name]!,
      ...given,
      against,
      kill: values.kill === true,
      json,
      patience: values.short === true ? SHORT_PATIENCE : 1,
    }),
    json,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        against: { type: "string" },
        nodes: { type: "string" },
        clients: { type: "string" },
        rate: { type: "string" },
        seconds: { type: "string" },
        kill: { type: "boolean" },
        short: { type: "boolean" },
        json: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
