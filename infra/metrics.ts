// The server's measures that the cloud watches: their names as the server exports them, and under what they are kept.

/** CloudWatch's namespace of what nodes export. */
export const namespace = "Meridian";

/** Names of the server's own measures (Prometheus), for alarms, scaling and the dashboard. */
export const measures = {
  sessions: "meridian_sessions",
  stanzas: "meridian_stanzas_total",
  links: "meridian_s2s_links",
  linksDown: "meridian_s2s_links_down",
  certificateDays: "meridian_certificate_days",
  eventLoopDelay: "meridian_event_loop_delay_seconds",
} as const;

/** Labels that tell one region's measures from another's. */
export function labels(world: string, region: string): Record<"World" | "Region", string> {
  return { World: world, Region: region };
}

/**
 * The collector's configuration (AWS Distro for OpenTelemetry): it reads the node's loopback and writes to CloudWatch
 * by embedded metrics in a log group. JSON is YAML too.
 */
export function collectorConfig(args: {
  readonly world: string;
  readonly region: string;
  readonly port: number;
  readonly logGroup: string;
}): string {
  const target = { targets: [`127.0.0.1:${args.port}`], labels: labels(args.world, args.region) };
  return JSON.stringify({
    receivers: {
      prometheus: {
        config: { scrape_configs: [{ job_name: "meridian", scrape_interval: "30s", static_configs: [target] }] },
      },
    },
    processors: { batch: {} },
    exporters: {
      awsemf: {
        namespace,
        log_group_name: args.logGroup,
        dimension_rollup_option: "NoDimensionRollup",
        metric_declarations: [
          {
            dimensions: [["World", "Region"]],
            metric_name_selectors: Object.values(measures).map((name) => `^${name}$`),
          },
        ],
      },
    },
    service: { pipelines: { metrics: { receivers: ["prometheus"], processors: ["batch"], exporters: ["awsemf"] } } },
  });
}
