// The sizes of a region: every number behind `small`, `standard` and `large`, and the floors below which nothing runs.
import type { SizeByHand } from "./schema.ts";

export const sizeNames = ["small", "standard", "large"] as const;
export type SizeName = (typeof sizeNames)[number];

/** Every number of a region. */
export interface Size {
  readonly from: SizeName;
  readonly nodes: { readonly min: number; readonly max: number };
  readonly sessionsPerNode: number;
  /** CPU units of a node; 1024 is one vCPU. */
  readonly cpu: number;
  /** Memory of a node, MiB. */
  readonly memory: number;
  /** EC2 type of the hosts; null: Fargate. */
  readonly instanceType: string | null;
  readonly nat: "none" | "zone";
  readonly database:
    | { readonly kind: "instance"; readonly class: string /** GiB */; readonly storage: number }
    | { readonly kind: "serverless"; readonly minUnits: number; readonly maxUnits: number; readonly instances: number };
  readonly cache: { readonly nodeType: string; readonly replicas: number };
}

export const sizes: Readonly<Record<SizeName, Size>> = {
  small: {
    from: "small",
    nodes: { min: 1, max: 2 },
    sessionsPerNode: 2_000,
    cpu: 512,
    memory: 1024,
    instanceType: null,
    nat: "none",
    database: { kind: "instance", class: "db.t4g.micro", storage: 20 },
    cache: { nodeType: "cache.t4g.micro", replicas: 0 },
  },
  standard: {
    from: "standard",
    nodes: { min: 3, max: 12 },
    sessionsPerNode: 20_000,
    cpu: 1024,
    memory: 4096,
    instanceType: null,
    nat: "zone",
    database: { kind: "serverless", minUnits: 0.5, maxUnits: 16, instances: 2 },
    cache: { nodeType: "cache.t4g.small", replicas: 1 },
  },
  large: {
    from: "large",
    nodes: { min: 6, max: 60 },
    sessionsPerNode: 40_000,
    cpu: 2048,
    memory: 3584,
    instanceType: "c8g.xlarge",
    nat: "zone",
    database: { kind: "serverless", minUnits: 2, maxUnits: 64, instances: 3 },
    cache: { nodeType: "cache.r7g.large", replicas: 2 },
  },
};

/** The whole size behind a name, or behind numbers by hand. */
export function resolveSize(size: SizeName | SizeByHand): Size {
  if (typeof size === "string") return sizes[size];
  const base = sizes[size.from];
  const given = Object.fromEntries(Object.entries(size).filter(([, value]) => value !== undefined));
  return { ...base, ...given };
}

/** Fargate's memory for each number of CPU units, MiB: least, most, and step (AWS: task definition parameters). */
const fargate: Readonly<Record<number, readonly [least: number, most: number, step: number]>> = {
  256: [512, 2048, 512],
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
  8192: [16_384, 61_440, 4096],
  16384: [32_768, 122_880, 8192],
};

/** Memory a node needs before its first session, and for each session, MiB. */
const memoryAtRest = 384;
const memoryPerSession = 0.06;

/** What is wrong with a size, as "path: problem" below `path`. */
export function sizeProblems(size: Size, path: string): string[] {
  const problems: string[] = [];
  if (size.nodes.max < size.nodes.min) problems.push(`${path}.nodes.max: below nodes.min (${size.nodes.min})`);
  if (size.from !== "small" && size.nodes.min < 2)
    problems.push(`${path}.nodes.min: at least 2, so that one node may fail (only \`small\` runs on one)`);
  if (size.instanceType === null) problems.push(...fargateProblems(size, path));
  const floor = Math.ceil(memoryAtRest + size.sessionsPerNode * memoryPerSession);
  if (size.memory < floor)
    problems.push(`${path}.memory: ${size.sessionsPerNode} sessions need ${floor} MiB or more, not ${size.memory}`);
  const database = size.database;
  if (database.kind === "serverless" && database.maxUnits < database.minUnits)
    problems.push(`${path}.database.maxUnits: below minUnits (${database.minUnits})`);
  return problems;
}

function fargateProblems(size: Size, path: string): string[] {
  const allowed = fargate[size.cpu];
  if (!allowed) return [`${path}.cpu: Fargate has ${Object.keys(fargate).join(", ")}, not ${size.cpu}`];
  const [least, most, step] = allowed;
  if (size.memory >= least && size.memory <= most && (size.memory % step === 0 || size.memory === least)) return [];
  return [`${path}.memory: with cpu ${size.cpu} Fargate has ${least} to ${most} MiB in steps of ${step}`];
}
