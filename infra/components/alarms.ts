// Who is called when a region is ill: alarms, the topic that carries them, and a dashboard.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Size } from "../../regions/sizes.ts";
import { type AlarmPlan, alarmPlan, dashboardBody } from "../alarm-plan.ts";
import { labels } from "../metrics.ts";
import { openPorts } from "../ports.ts";
import { type Transform, transformed } from "../transform.ts";

export interface AlarmsArgs {
  readonly world: string;
  readonly region: string;
  readonly awsRegion: string;
  readonly size: Size;
  readonly balancer: pulumi.Input<string>;
  readonly targetGroups: readonly { readonly name: string; readonly arnSuffix: pulumi.Input<string> }[];
  readonly database: Readonly<Record<string, pulumi.Input<string>>>;
  /** Identifier of Valkey's replication group. */
  readonly cache: pulumi.Input<string>;
  /** Addresses (mailto: URIs) that are written to. */
  readonly contacts: readonly string[];
  readonly transform?: {
    readonly dashboard?: Transform<aws.cloudwatch.DashboardArgs>;
    readonly topicSubscription?: Transform<aws.sns.TopicSubscriptionArgs>;
    readonly topic?: Transform<aws.sns.TopicArgs>;
    readonly alarm?: Transform<aws.cloudwatch.MetricAlarmArgs>;
  };
}

/** About 12 alarms (0.10 USD a month each) and one dashboard (3 USD a month; three are free in an account). */
export class Alarms extends pulumi.ComponentResource {
  /** Names of the alarms that roll a deployment back. */
  readonly rollbackNames: readonly pulumi.Output<string>[];
  readonly topicArn: pulumi.Output<string>;

  private readonly name: string;
  private readonly args: AlarmsArgs;

  constructor(name: string, args: AlarmsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meridian:infra:Alarms", name, {}, opts);
    this.name = name;
    this.args = args;

    const topic = this.topic();
    const planned = alarmPlan(args.size).map((plan) => ({ plan, alarm: this.planned(plan, topic) }));
    const unhealthy = args.targetGroups.map((group) => this.unhealthy(group, topic));
    this.dashboard();

    this.topicArn = topic.arn;
    this.rollbackNames = [
      ...planned.filter(({ plan }) => plan.rollback).map(({ alarm }) => alarm.name),
      ...unhealthy.map((alarm) => alarm.name),
    ];
    this.registerOutputs({ topicArn: this.topicArn });
  }

  private topic(): aws.sns.Topic {
    const topic = new aws.sns.Topic(
      this.name,
      transformed<aws.sns.TopicArgs>({ kmsMasterKeyId: "alias/aws/sns" }, this.args.transform?.topic),
      { parent: this },
    );
    const mails = this.args.contacts.filter((uri) => uri.startsWith("mailto:")).map((uri) => uri.slice(7));
    mails.forEach((endpoint, index) => {
      new aws.sns.TopicSubscription(
        `${this.name}-${index}`,
        transformed<aws.sns.TopicSubscriptionArgs>(
          { topic: topic.arn, protocol: "email", endpoint },
          this.args.transform?.topicSubscription,
        ),
        { parent: this },
      );
    });
    return topic;
  }

  private planned(plan: AlarmPlan, topic: aws.sns.Topic): aws.cloudwatch.MetricAlarm {
    return this.alarm(plan.label, topic, {
      alarmDescription: `${this.args.region}: ${plan.what}`,
      namespace: plan.namespace,
      metricName: plan.metric,
      dimensions: this.dimensions(plan.of),
      statistic: plan.statistic,
      comparisonOperator: plan.above === undefined ? "LessThanThreshold" : "GreaterThanThreshold",
      threshold: plan.above ?? plan.below ?? 0,
      evaluationPeriods: plan.minutes,
      treatMissingData: plan.missing,
    });
  }

  private dimensions(of: AlarmPlan["of"]): Record<string, pulumi.Input<string>> {
    if (of === "region") return labels(this.args.world, this.args.region);
    if (of === "database") return { ...this.args.database };
    if (of === "cache") return { CacheClusterId: firstCacheNode(this.args.cache) };
    return { LoadBalancer: this.args.balancer };
  }

  private unhealthy(
    group: { readonly name: string; readonly arnSuffix: pulumi.Input<string> },
    topic: aws.sns.Topic,
  ): aws.cloudwatch.MetricAlarm {
    const what = openPorts.find((port) => port.name === group.name)?.what ?? group.name;
    return this.alarm(`unhealthy-${group.name}`, topic, {
      alarmDescription: `${this.args.region}: no healthy node for ${what}`,
      namespace: "AWS/NetworkELB",
      metricName: "HealthyHostCount",
      dimensions: { LoadBalancer: this.args.balancer, TargetGroup: group.arnSuffix },
      statistic: "Minimum",
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      evaluationPeriods: 3,
      // Before the first node there is nothing to measure.
      treatMissingData: "notBreaching",
    });
  }

  private alarm(
    label: string,
    topic: aws.sns.Topic,
    own: Partial<aws.cloudwatch.MetricAlarmArgs> & Pick<aws.cloudwatch.MetricAlarmArgs, "comparisonOperator">,
  ): aws.cloudwatch.MetricAlarm {
    const args = transformed<aws.cloudwatch.MetricAlarmArgs>(
      { period: 60, alarmActions: [topic.arn], okActions: [topic.arn], evaluationPeriods: 1, ...own },
      this.args.transform?.alarm,
    );
    return new aws.cloudwatch.MetricAlarm(`${this.name}-${label}`, args, { parent: this });
  }

  private dashboard(): void {
    const { world, region, awsRegion, balancer, database, cache } = this.args;
    const body = pulumi
      .all([balancer, pulumi.all({ ...database }), firstCacheNode(cache)])
      .apply(([suffix, dimensions, node]) =>
        dashboardBody({ world, region, awsRegion, balancer: suffix, database: dimensions, cache: node }),
      );
    new aws.cloudwatch.Dashboard(
      this.name,
      transformed<aws.cloudwatch.DashboardArgs>(
        { dashboardName: `${world}-${region}`, dashboardBody: body },
        this.args.transform?.dashboard,
      ),
      { parent: this },
    );
  }
}

/** ElastiCache measures each node by itself; -001 is there in every group. */
function firstCacheNode(group: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.interpolate`${group}-001`;
}
