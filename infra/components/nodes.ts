// The nodes of a region: an ECS service on Fargate or on EC2 hosts, its roles, its logs, and how it scales.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Size } from "../../regions/sizes.ts";
import { nodeVolumes, serverContainer } from "../containers.ts";
import { policyDocument, type Statement, trustService } from "../iam.ts";
import { labels, measures, namespace } from "../metrics.ts";
import { type Transform, transformed } from "../transform.ts";
import type { Balancer } from "./balancer.ts";
import { Hosts, type HostsArgs } from "./hosts.ts";

export interface NodesArgs {
  readonly world: string;
  readonly region: string;
  readonly size: Size;
  /** Subnets of the nodes: private ones, or public ones where there is no NAT. */
  readonly subnetIds: readonly pulumi.Input<string>[];
  /** Nodes in public subnets need an address of their own to reach the internet. */
  readonly publicAddresses: boolean;
  readonly securityGroupId: pulumi.Input<string>;
  readonly balancer: Balancer;
  readonly logGroup: aws.cloudwatch.LogGroup;
  readonly metricsLogGroup: aws.cloudwatch.LogGroup;
  /** Container definitions (JSON). */
  readonly containers: pulumi.Input<string>;
  /** ARN of the repository that the image is pulled from. */
  readonly repositoryArn: pulumi.Input<string>;
  /** What nodes may do beside logging. */
  readonly permissions: pulumi.Input<readonly Statement[]>;
  /** Names of alarms that roll a deployment back. */
  readonly alarmNames: readonly pulumi.Input<string>[];
  readonly transform?: {
    readonly scalingPolicy?: Transform<aws.appautoscaling.PolicyArgs>;
    readonly scalingTarget?: Transform<aws.appautoscaling.TargetArgs>;
    readonly rolePolicy?: Transform<aws.iam.RolePolicyArgs>;
    readonly role?: Transform<aws.iam.RoleArgs>;
    readonly taskDefinition?: Transform<aws.ecs.TaskDefinitionArgs>;
    readonly service?: Transform<aws.ecs.ServiceArgs>;
    readonly cluster?: Transform<aws.ecs.ClusterArgs>;
    readonly hosts?: NonNullable<HostsArgs["transform"]>;
  };
}

/** A service of nodes behind the load balancer. Costs: regions/cost.ts, 34 USD a month a node of `standard`. */
export class Nodes extends pulumi.ComponentResource {
  readonly clusterArn: pulumi.Output<string>;
  readonly clusterName: pulumi.Output<string>;
  readonly serviceName: pulumi.Output<string>;
  readonly executionRoleArn: pulumi.Output<string>;

  private readonly name: string;
  private readonly args: NodesArgs;
  private readonly onHosts: boolean;

  constructor(name: string, args: NodesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meridian:infra:Nodes", name, {}, opts);
    this.name = name;
    this.args = args;
    this.onHosts = args.size.instanceType !== null;

    const cluster = this.cluster();
    const hosts = this.hosts(cluster);
    const execution = this.executionRole();
    const task = this.taskRole();
    const definition = this.taskDefinition(execution, task);
    const service = this.service(cluster, definition, hosts);
    this.scaling(cluster, service);

    this.clusterArn = cluster.arn;
    this.clusterName = cluster.name;
    this.serviceName = service.name;
    this.executionRoleArn = execution.arn;
    this.registerOutputs({ clusterName: this.clusterName, serviceName: this.serviceName });
  }

  private cluster(): aws.ecs.Cluster {
    const args = transformed<aws.ecs.ClusterArgs>(
      { settings: [{ name: "containerInsights", value: "enhanced" }] },
      this.args.transform?.cluster,
    );
    return new aws.ecs.Cluster(this.name, args, { parent: this });
  }

  private hosts(cluster: aws.ecs.Cluster): Hosts | undefined {
    const { size, subnetIds, securityGroupId } = this.args;
    if (size.instanceType === null) return undefined;
    return new Hosts(
      this.name,
      {
        clusterName: cluster.name,
        instanceType: size.instanceType,
        subnetIds,
        securityGroupId,
        min: size.nodes.min,
        max: size.nodes.max * 2,
        ...(this.args.transform?.hosts && { transform: this.args.transform.hosts }),
      },
      { parent: this },
    );
  }

  /** What ECS itself does for a task: pull the image and open log streams. */
  private executionRole(): aws.iam.Role {
    const name = `${this.name}-execution`;
    const role = new aws.iam.Role(
      name,
      transformed<aws.iam.RoleArgs>(
        { assumeRolePolicy: trustService("ecs-tasks.amazonaws.com") },
        this.args.transform?.role,
      ),
      { parent: this },
    );
    const policy = pulumi
      .all([this.args.repositoryArn, this.args.logGroup.arn])
      .apply(([repository, logs]) => policyDocument(executionStatements(repository, logs)));
    new aws.iam.RolePolicy(
      name,
      transformed<aws.iam.RolePolicyArgs>({ role: role.id, policy }, this.args.transform?.rolePolicy),
      { parent: this },
    );
    return role;
  }

  private taskRole(): aws.iam.Role {
    const name = `${this.name}-task`;
    const role = new aws.iam.Role(
      name,
      transformed<aws.iam.RoleArgs>(
        { assumeRolePolicy: trustService("ecs-tasks.amazonaws.com") },
        this.args.transform?.role,
      ),
      { parent: this },
    );
    const policy = pulumi
      .all([this.args.permissions, this.args.metricsLogGroup.arn])
      .apply(([permissions, metrics]) => policyDocument([...permissions, measuring(metrics)]));
    new aws.iam.RolePolicy(
      name,
      transformed<aws.iam.RolePolicyArgs>({ role: role.id, policy }, this.args.transform?.rolePolicy),
      { parent: this },
    );
    return role;
  }

  private taskDefinition(execution: aws.iam.Role, task: aws.iam.Role): aws.ecs.TaskDefinition {
    const { size } = this.args;
    const args = transformed<aws.ecs.TaskDefinitionArgs>(
      {
        family: `${this.args.world}-${this.args.region}`,
        requiresCompatibilities: [this.onHosts ? "EC2" : "FARGATE"],
        networkMode: this.onHosts ? "host" : "awsvpc",
        cpu: String(size.cpu),
        memory: String(size.memory),
        runtimePlatform: { cpuArchitecture: "ARM64", operatingSystemFamily: "LINUX" },
        executionRoleArn: execution.arn,
        taskRoleArn: task.arn,
        containerDefinitions: this.args.containers,
        volumes: nodeVolumes,
        skipDestroy: true,
      },
      this.args.transform?.taskDefinition,
    );
    return new aws.ecs.TaskDefinition(this.name, args, { parent: this });
  }

  private service(
    cluster: aws.ecs.Cluster,
    definition: aws.ecs.TaskDefinition,
    hosts: Hosts | undefined,
  ): aws.ecs.Service {
    const { args } = this;
    const service = transformed<aws.ecs.ServiceArgs>(
      {
        cluster: cluster.arn,
        taskDefinition: definition.arn,
        desiredCount: args.size.nodes.min,
        ...(hosts
          ? {
              capacityProviderStrategies: [{ capacityProvider: hosts.capacityProvider, weight: 1, base: 1 }],
              placementConstraints: [{ type: "distinctInstance" }],
            }
          : {
              launchType: "FARGATE",
              networkConfiguration: {
                subnets: [...args.subnetIds],
                securityGroups: [args.securityGroupId],
                assignPublicIp: args.publicAddresses,
              },
            }),
        // Long connections must not be moved for the sake of balance.
        availabilityZoneRebalancing: "DISABLED",
        deploymentMinimumHealthyPercent: 100,
        deploymentMaximumPercent: 200,
        deploymentCircuitBreaker: { enable: true, rollback: true },
        alarms: { alarmNames: [...args.alarmNames], enable: true, rollback: true },
        healthCheckGracePeriodSeconds: 120,
        loadBalancers: args.balancer.targetGroups.map(({ port, group }) => ({
          targetGroupArn: group.arn,
          containerName: serverContainer,
          containerPort: port.target,
        })),
        enableEcsManagedTags: true,
        propagateTags: "SERVICE",
        waitForSteadyState: true,
      },
      args.transform?.service,
    );
    return new aws.ecs.Service(this.name, service, {
      parent: this,
      dependsOn: [...args.balancer.listeners],
      // Scaling owns the count after the first deployment.
      ignoreChanges: ["desiredCount"],
    });
  }

  /** More nodes before the mean of sessions reaches 70 % of what one may hold. */
  private scaling(cluster: aws.ecs.Cluster, service: aws.ecs.Service): void {
    const { size, world, region } = this.args;
    const target = new aws.appautoscaling.Target(
      this.name,
      transformed<aws.appautoscaling.TargetArgs>(
        {
          serviceNamespace: "ecs",
          scalableDimension: "ecs:service:DesiredCount",
          resourceId: pulumi.interpolate`service/${cluster.name}/${service.name}`,
          minCapacity: size.nodes.min,
          maxCapacity: size.nodes.max,
        },
        this.args.transform?.scalingTarget,
      ),
      { parent: this },
    );
    const dimensions = Object.entries(labels(world, region)).map(([name, value]) => ({ name, value }));
    new aws.appautoscaling.Policy(
      this.name,
      transformed<aws.appautoscaling.PolicyArgs>(
        {
          policyType: "TargetTrackingScaling",
          serviceNamespace: target.serviceNamespace,
          scalableDimension: target.scalableDimension,
          resourceId: target.resourceId,
          targetTrackingScalingPolicyConfiguration: {
            targetValue: Math.floor(size.sessionsPerNode * 0.7),
            scaleOutCooldown: 60,
            scaleInCooldown: 1800,
            customizedMetricSpecification: {
              namespace,
              metricName: measures.sessions,
              statistic: "Average",
              dimensions,
            },
          },
        },
        this.args.transform?.scalingPolicy,
      ),
      { parent: this },
    );
  }
}

function executionStatements(repositoryArn: string, logGroupArn: string): Statement[] {
  const pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
  return [
    { actions: ["ecr:GetAuthorizationToken"], resources: ["*"] },
    { actions: pull, resources: [repositoryArn] },
    { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [`${logGroupArn}:log-stream:*`] },
  ];
}

function measuring(logGroupArn: string): Statement {
  return {
    actions: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
    resources: [logGroupArn, `${logGroupArn}:log-stream:*`],
  };
}
