// What a region costs in a month, from one dated table of list prices. Pure.
import { counted } from "./counted.ts";
import prices from "./prices.json" with { type: "json" };
import type { Size } from "./sizes.ts";
import type { Region, World } from "./world.ts";

/** One line of a region's bill, USD a month. */
export interface CostLine {
  readonly what: string;
  readonly usd: number;
}

/** A region's bill of one month. */
export interface RegionCost {
  readonly region: string;
  readonly lines: readonly CostLine[];
  /** USD a month at the least number of nodes, traffic included. */
  readonly usd: number;
}

/** A world's bill of one month, and the day of the prices. */
export interface WorldCost {
  readonly date: string;
  readonly source: string;
  /** Every region, and last what they share, named `global`. */
  readonly regions: readonly RegionCost[];
  readonly usd: number;
}

/** What is assumed of traffic, for each session and month; the answer depends on users more than on servers. */
export interface Traffic {
  /** Sessions of a node, as a share of what its size allows. */
  readonly load: number;
  /** GiB sent to the internet for each session in a month. */
  readonly gibPerSession: number;
}

const usual: Traffic = { load: 0.3, gibPerSession: 0.02 };
const zones = 3;
const { hoursPerMonth } = prices;

/** The bill of a world. Rates of regions that the table lacks are taken as us-east-1's. */
export function worldCost(world: World, traffic: Traffic = usual): WorldCost {
  const regions = [...world.regions.map((region) => regionCost(region, traffic)), sharedCost(world)];
  return { date: prices.date, source: prices.source, regions, usd: cents(sum(regions.map((each) => each.usd))) };
}

/** The bill of what all regions share, under the name `global`. */
function sharedCost(world: World): RegionCost {
  const copies = new Set(world.regions.map((region) => region.aws)).size;
  const zones = world.domains.regional.endsWith(world.domains.global) ? 1 : 2;
  const lines = [
    { what: "certificate authority (short-lived certificates)", usd: prices.authorityMonth },
    { what: `world key, a copy in each of ${copies} AWS regions`, usd: copies * prices.keyMonth },
    { what: zones === 1 ? "hosted zone" : `${zones} hosted zones`, usd: zones * prices.zoneMonth },
  ];
  return { region: "global", lines, usd: cents(sum(lines.map((line) => line.usd))) };
}

/** The bill of a region at its least number of nodes. */
export function regionCost(region: Region, traffic: Traffic = usual): RegionCost {
  const { size } = region;
  const factor = rate(prices.factor, region.aws ?? "us-east-1") ?? 1;
  const sent = size.nodes.min * size.sessionsPerNode * traffic.load * traffic.gibPerSession;
  const lines = [
    nodes(size),
    database(size),
    cache(size),
    network(size, sent),
    { what: `load balancer, ${counted(zones, "address", "addresses")}`, usd: balancer(sent) },
    { what: `traffic out, ${Math.round(sent)} GiB`, usd: sent * prices.internetGib },
    { what: "health checks, secrets, keys, logs, alarms", usd: watching(sent) },
  ].map(({ what, usd }) => ({ what, usd: cents(usd * factor) }));
  return { region: region.name, lines, usd: cents(sum(lines.map((line) => line.usd))) };
}

/** Names of prices a size needs and the table lacks, with what there is; the bill would be too low by them. */
export function unknownPrices(size: Size): string[] {
  const wanted: [string, Readonly<Record<string, number>>][] = [[size.cache.nodeType, prices.cacheHour]];
  if (size.instanceType !== null) wanted.push([size.instanceType, prices.ec2Hour]);
  if (size.database.kind === "instance") wanted.push([size.database.class, prices.rdsHour]);
  return wanted
    .filter(([name, table]) => rate(table, name) === undefined)
    .map(([name, table]) => `${name} (known are ${Object.keys(table).join(", ")})`);
}

/** How many EC2 hosts carry a number of nodes: as many as CPU and memory ask for. */
export function hostsFor(size: Size, nodeCount: number): number {
  if (size.instanceType === null) return 0;
  const cpu = (rate(prices.ec2Vcpus, size.instanceType) ?? 2) * 1024;
  // The agent and the system keep an eighth of the memory, 512 MiB at least.
  const whole = rate(prices.ec2MemoryMib, size.instanceType) ?? 4096;
  const memory = whole - Math.max(512, whole / 8);
  const perHost = Math.max(1, Math.floor(Math.min(cpu / size.cpu, memory / size.memory)));
  return Math.ceil(nodeCount / perHost);
}

function nodes(size: Size): CostLine {
  const count = size.nodes.min;
  if (size.instanceType !== null) {
    const hosts = hostsFor(size, count);
    const usd = hosts * (rate(prices.ec2Hour, size.instanceType) ?? 0) * hoursPerMonth;
    return { what: `${counted(count, "node")} on ${hosts} × ${size.instanceType}`, usd };
  }
  const hourly = (size.cpu / 1024) * prices.fargate.vcpuHour + (size.memory / 1024) * prices.fargate.gibHour;
  return { what: `${counted(count, "node")} on Fargate`, usd: count * hourly * hoursPerMonth };
}

function database({ database }: Size): CostLine {
  if (database.kind === "instance") {
    const usd = (rate(prices.rdsHour, database.class) ?? 0) * hoursPerMonth + database.storage * prices.rdsGibMonth;
    return { what: `PostgreSQL ${database.class}, ${database.storage} GiB`, usd };
  }
  const hourly = database.instances * database.minUnits * prices.auroraUnitHour;
  return {
    what: `Aurora PostgreSQL, ${database.instances} × ${counted(database.minUnits, "unit")} at rest`,
    usd: hourly * hoursPerMonth + 20 * prices.auroraGibMonth,
  };
}

function cache({ cache }: Size): CostLine {
  const count = cache.replicas + 1;
  return {
    what: `Valkey, ${count} × ${cache.nodeType}`,
    usd: count * (rate(prices.cacheHour, cache.nodeType) ?? 0) * hoursPerMonth,
  };
}

function network(size: Size, sent: number): CostLine {
  if (size.nat === "none") {
    // Nodes have public addresses of their own.
    return { what: "no NAT; an address for each node", usd: size.nodes.min * prices.publicAddressHour * hoursPerMonth };
  }
  const gateways = zones * (prices.natHour + prices.publicAddressHour) * hoursPerMonth + 0.2 * sent * prices.natGib;
  const endpoints = 4 * zones * prices.endpointHour * hoursPerMonth;
  return { what: `${zones} NAT gateways, 4 endpoints`, usd: gateways + endpoints };
}

function balancer(sent: number): number {
  const units = Math.max(1, sent / hoursPerMonth);
  const hourly = prices.loadBalancerHour + units * prices.loadBalancerUnitHour + zones * prices.publicAddressHour;
  return hourly * hoursPerMonth;
}

function watching(sent: number): number {
  const logs = (1 + 0.02 * sent) * prices.logGib;
  return (
    2 * prices.healthCheckMonth +
    5 * prices.secretMonth +
    prices.keyMonth +
    logs +
    12 * prices.alarmMonth +
    prices.dashboardMonth
  );
}

/** A price by name; a name that only objects know is none. */
function rate(table: Readonly<Record<string, number>>, name: string): number | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const cents = (usd: number) => Math.round(usd * 100) / 100;
