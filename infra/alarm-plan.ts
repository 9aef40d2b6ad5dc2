// What of a region is watched, and when somebody is called: alarms and dashboard as plain data. Pure.
import type { Size } from "../regions/sizes.ts";
import { labels, measures, namespace } from "./metrics.ts";

/** One alarm, as CloudWatch has it. */
export interface AlarmPlan {
  readonly label: string;
  readonly what: string;
  readonly namespace: string;
  readonly metric: string;
  /** Names are filled in by the component from what it watches. */
  readonly of: "region" | "database" | "cache" | "balancer";
  readonly statistic: "Average" | "Maximum" | "Minimum" | "Sum";
  readonly above?: number;
  readonly below?: number;
  /** Minutes it must last. */
  readonly minutes: number;
  /** A measure that is missing is a sign itself. */
  readonly missing: "breaching" | "notBreaching";
  /** Rolls a deployment back. */
  readonly rollback?: boolean;
}

/** Alarms of a region of this size. */
export function alarmPlan(size: Size): AlarmPlan[] {
  return [...serverAlarms(size), ...databaseAlarms(size.database), ...cacheAlarms(), ...balancerAlarms()];
}

function serverAlarms(size: Size): AlarmPlan[] {
  const of = "region";
  const own = { of, namespace } as const;
  return [
    {
      ...own,
      label: "sessions",
      what: "nodes are nearly full; the region scales out",
      metric: measures.sessions,
      statistic: "Maximum",
      above: Math.floor(size.sessionsPerNode * 0.9),
      minutes: 10,
      missing: "notBreaching",
    },
    {
      ...own,
      label: "silence",
      what: "no node reports its measures",
      metric: measures.sessions,
      statistic: "Minimum",
      below: 0,
      minutes: 10,
      missing: "breaching",
    },
    {
      ...own,
      label: "event-loop",
      what: "nodes answer late: their event loop is held up",
      metric: measures.eventLoopDelay,
      statistic: "Maximum",
      above: 0.25,
      minutes: 5,
      missing: "notBreaching",
      rollback: true,
    },
    {
      ...own,
      label: "links",
      what: "a link to another region of the world is down",
      metric: measures.linksDown,
      statistic: "Maximum",
      above: 0,
      minutes: 5,
      missing: "notBreaching",
      rollback: true,
    },
    {
      ...own,
      label: "certificate",
      what: "a certificate ends within 14 days: its renewal fails",
      metric: measures.certificateDays,
      statistic: "Minimum",
      below: 14,
      minutes: 60,
      missing: "notBreaching",
    },
  ];
}

function databaseAlarms(database: Size["database"]): AlarmPlan[] {
  const own = { of: "database", namespace: "AWS/RDS", missing: "notBreaching" } as const;
  const common: AlarmPlan[] = [
    {
      ...own,
      label: "database-cpu",
      what: "the database is busy",
      metric: "CPUUtilization",
      statistic: "Average",
      above: 85,
      minutes: 15,
    },
  ];
  if (database.kind === "serverless")
    return [
      ...common,
      {
        ...own,
        label: "database-units",
        what: "Aurora is at 90 % of its capacity units",
        metric: "ACUUtilization",
        statistic: "Maximum",
        above: 90,
        minutes: 15,
      },
    ];
  return [
    ...common,
    {
      ...own,
      label: "database-space",
      what: "a tenth of the database's disk is left",
      metric: "FreeStorageSpace",
      statistic: "Minimum",
      below: database.storage * 0.1 * 1024 ** 3,
      minutes: 15,
    },
  ];
}

function cacheAlarms(): AlarmPlan[] {
  const own = { of: "cache", namespace: "AWS/ElastiCache", missing: "notBreaching", minutes: 10 } as const;
  return [
    {
      ...own,
      label: "cache-memory",
      what: "Valkey is nearly full and will refuse writes",
      metric: "DatabaseMemoryUsagePercentage",
      statistic: "Maximum",
      above: 85,
    },
    {
      ...own,
      label: "cache-cpu",
      what: "Valkey is busy",
      metric: "EngineCPUUtilization",
      statistic: "Maximum",
      above: 85,
    },
  ];
}

function balancerAlarms(): AlarmPlan[] {
  const own = { of: "balancer", namespace: "AWS/NetworkELB", missing: "notBreaching" } as const;
  return [
    {
      ...own,
      label: "ports",
      what: "the load balancer has no port left towards a node: 55,000 connections a target",
      metric: "PortAllocationErrorCount",
      statistic: "Sum",
      above: 0,
      minutes: 1,
    },
    {
      ...own,
      label: "refused",
      what: "the load balancer's security group turns many away",
      metric: "SecurityGroupBlockedFlowCount_Inbound_TCP",
      statistic: "Sum",
      above: 100_000,
      minutes: 5,
    },
  ];
}

/** The dashboard's body: one row for people, one for streams, one for what is below. */
export function dashboardBody(args: {
  readonly world: string;
  readonly region: string;
  readonly awsRegion: string;
  readonly balancer: string;
  readonly database: Readonly<Record<string, string>>;
  readonly cache: string;
}): string {
  const own = Object.entries(labels(args.world, args.region)).flat();
  const metric = (name: string, stat: string) => [namespace, name, ...own, { stat }];
  const lower = Object.entries(args.database).flat();
  const widgets: [string, unknown[][]][] = [
    ["Sessions", [metric(measures.sessions, "Sum")]],
    ["Stanzas", [metric(measures.stanzas, "Sum")]],
    ["S2S links", [metric(measures.links, "Sum"), metric(measures.linksDown, "Maximum")]],
    ["Event-loop delay", [metric(measures.eventLoopDelay, "Maximum")]],
    ["Certificate days", [metric(measures.certificateDays, "Minimum")]],
    [
      "Load balancer",
      ["ActiveFlowCount", "NewFlowCount"].map((name) => ["AWS/NetworkELB", name, "LoadBalancer", args.balancer]),
    ],
    [
      "Database",
      [
        ["AWS/RDS", "CPUUtilization", ...lower],
        ["AWS/RDS", "DatabaseConnections", ...lower],
      ],
    ],
    ["Valkey", [["AWS/ElastiCache", "EngineCPUUtilization", "CacheClusterId", args.cache]]],
  ];
  return JSON.stringify({
    widgets: widgets.map(([title, metrics], index) => ({
      type: "metric",
      x: (index % 3) * 8,
      y: Math.floor(index / 3) * 6,
      width: 8,
      height: 6,
      properties: { title, metrics, region: args.awsRegion, view: "timeSeries", period: 60 },
    })),
  });
}
