// How a region is, as CloudWatch knows it: sessions, stanzas and raised alarms.
import { type Credentials, callAws } from "../image/aws-request.ts";
import { labels, measures, namespace } from "../metrics.ts";
import type { RegionHealth } from "./driver.ts";

const api = "GraniteServiceVersion20100801";

/** One datapoint covers a minute, and the newest may not be there yet. */
const windowMs = 5 * 60_000;

/** Asks CloudWatch of a region's AWS region. @throws AwsError */
export async function cloudWatchHealth(
  where: { readonly world: string; readonly region: string; readonly awsRegion: string },
  credentials: Credentials,
  now: number = Date.now(),
): Promise<RegionHealth> {
  const call = (operation: string, input: object) =>
    callAws(
      { service: "monitoring", region: where.awsRegion, target: `${api}.${operation}`, version: "1.0" },
      input,
      credentials,
    );
  const Dimensions = Object.entries(labels(where.world, where.region)).map(([Name, Value]) => ({ Name, Value }));
  const query = (Id: string, MetricName: string) => ({
    Id,
    MetricStat: { Metric: { Namespace: namespace, MetricName, Dimensions }, Period: 60, Stat: "Sum" },
  });
  const data = await call("GetMetricData", {
    StartTime: Math.floor((now - windowMs) / 1000),
    EndTime: Math.floor(now / 1000),
    ScanBy: "TimestampDescending",
    MetricDataQueries: [query("sessions", measures.sessions), query("stanzas", measures.stanzas)],
  });
  const alarms = await call("DescribeAlarms", { AlarmNamePrefix: `${where.region}-`, StateValue: "ALARM" });
  return {
    sessions: newest(data, "sessions"),
    stanzas: newest(data, "stanzas"),
    alarms: list(alarms.MetricAlarms).map((alarm) => String(alarm.AlarmName)),
  };
}

function newest(data: Readonly<Record<string, unknown>>, id: string): number {
  const result = list(data.MetricDataResults).find((candidate) => candidate.Id === id);
  const values = result?.Values;
  return Array.isArray(values) ? Number(values[0] ?? 0) : 0;
}

function list(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? (value as Readonly<Record<string, unknown>>[]) : [];
}
