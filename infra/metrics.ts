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

/** How the series of a node (of its hosts, kinds, quantiles) become the one value of that node. */
const together: Readonly<Record<keyof typeof measures, "sum" | "min" | "max">> = {
  sessions: "sum",
  stanzas: "sum",
  links: "sum",
  linksDown: "sum",
  certificateDays: "min",
  eventLoopDelay: "max",
};

/** Labels that tell one region's measures from another's. */
export function labels(world: string, region: string): Record<"World" | "Region", string> {
  return { World: world, Region: region };
}

/**
 * The collector's configuration (AWS Distro for OpenTelemetry): it reads the node's loopback and writes to CloudWatch
 * by embedded metrics in a log group, one value a minute of each node, so that a sum over a minute is the region's.
 * JSON is YAML too.
 */
export function collectorConfig(args: {
  readonly world: string;
  readonly region: string;
  readonly port: number;
  readonly logGroup: string;
}): string {
  const own = labels(args.world, args.region);
  const target = { targets: [`127.0.0.1:${args.port}`], labels: own };
  // CloudWatch's average is over values: with one a node it is the average node, which scaling goes by.
  const transforms = Object.entries(measures).map(([key, include]) => ({
    include,
    action: "update",
    operations: [
      {
        action: "aggregate_labels",
        label_set: Object.keys(own),
        aggregation_type: together[key as keyof typeof measures],
      },
    ],
  }));
  return JSON.stringify({
    receivers: {
      prometheus: {
        config: { scrape_configs: [{ job_name: "meridian", scrape_interval: "60s", static_configs: [target] }] },
      },
    },
    processors: { metricstransform: { transforms }, batch: {} },
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
    service: {
      pipelines: {
        metrics: { receivers: ["prometheus"], processors: ["metricstransform", "batch"], exporters: ["awsemf"] },
      },
    },
  });
}
