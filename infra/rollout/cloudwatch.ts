// How a region is, as CloudWatch knows it: sessions, stanzas and raised alarms.
import { type Credentials, callAws } from "../image/aws-request.ts";
import { labels, measures, namespace } from "../metrics.ts";
import type { RegionHealth } from "./driver.ts";

const api = "GraniteServiceVersion20100801";

/** One datapoint covers a minute, and the newest may not be there yet. */
const minuteMs = 60_000;
const windowMs = 5 * minuteMs;
const dayMs = 24 * 60 * minuteMs;

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
  // The minute that goes on has not heard of every node yet.
  const end = Math.floor(now / minuteMs) * minuteMs;
  const midnight = Math.floor(now / dayMs) * dayMs;
  const data = await call("GetMetricData", {
    StartTime: Math.min(midnight, end - windowMs) / 1000,
    EndTime: end / 1000,
    ScanBy: "TimestampDescending",
    MetricDataQueries: [query("sessions", measures.sessions), query("stanzas", measures.stanzas)],
  });
  const alarms = await call("DescribeAlarms", { AlarmNamePrefix: `${where.region}-`, StateValue: "ALARM" });
  const fresh = pointsOf(data, "sessions").find(({ at }) => at * 1000 >= end - windowMs);
  // CloudWatch has what each minute added: the sum since midnight is a count, that falls at midnight.
  const today = pointsOf(data, "stanzas").filter(({ at }) => at * 1000 >= midnight);
  return {
    sessions: fresh?.value ?? 0,
    stanzas: today.reduce((sum, { value }) => sum + value, 0),
    alarms: list(alarms.MetricAlarms).map((alarm) => String(alarm.AlarmName)),
  };
}

/** The datapoints of a query, the newest first; `at` in seconds since the epoch. */
function pointsOf(data: Readonly<Record<string, unknown>>, id: string): { at: number; value: number }[] {
  const { Values, Timestamps } = list(data.MetricDataResults).find((candidate) => candidate.Id === id) ?? {};
  if (!Array.isArray(Values) || !Array.isArray(Timestamps)) return [];
  return Values.map((value, index) => ({ at: Number(Timestamps[index]), value: Number(value) }));
}

function list(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? (value as Readonly<Record<string, unknown>>[]) : [];
}
