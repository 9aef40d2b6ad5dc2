// Certificates of a region's domains: a scheduled task gets them by ACME DNS-01 and leaves them in a secret.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Statement, trustService } from "../iam.ts";
import { type Transform, transformed } from "../transform.ts";

export interface CertificatesArgs {
  readonly world: string;
  readonly region: string;
  /** XMPP domains of the region: its own and the global one. */
  readonly domains: readonly string[];
  /** Domain → hosted zone in which its challenges are answered. */
  readonly zoneIds: Readonly<Record<string, pulumi.Input<string>>>;
  readonly keyArn: pulumi.Input<string>;
  readonly clusterArn: pulumi.Input<string>;
  readonly executionRoleArn: pulumi.Input<string>;
  readonly subnetIds: readonly pulumi.Input<string>[];
  readonly publicAddresses: boolean;
  readonly securityGroupId: pulumi.Input<string>;
  /** The secret the certificate goes to, made by `certificateSecret`. */
  readonly secret: aws.secretsmanager.Secret;
  /** Container definitions (JSON). */
  readonly containers: pulumi.Input<string>;
  readonly transform?: {
    readonly rolePolicy?: Transform<aws.iam.RolePolicyArgs>;
    readonly role?: Transform<aws.iam.RoleArgs>;
    readonly taskDefinition?: Transform<aws.ecs.TaskDefinitionArgs>;
    readonly schedule?: Transform<aws.scheduler.ScheduleArgs>;
  };
}

/**
 * The renewal of certificates: every 12 hours a short task looks, and renews 30 days before the end. The first run is
 * at once. Nodes' keepers fetch what is new within a minute, so nothing restarts. Costs cents a month.
 */
export class Certificates extends pulumi.ComponentResource {
  private readonly name: string;
  private readonly args: CertificatesArgs;

  constructor(name: string, args: CertificatesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meridian:infra:Certificates", name, {}, opts);
    this.name = name;
    this.args = args;

    const task = this.taskRole();
    const definition = this.taskDefinition(task);
    const starter = this.starterRole(definition, task);
    this.schedule(definition, starter);
    this.registerOutputs({});
  }

  private taskRole(): aws.iam.Role {
    const name = `${this.name}-renew`;
    const role = new aws.iam.Role(
      name,
      transformed<aws.iam.RoleArgs>(
        { assumeRolePolicy: trustService("ecs-tasks.amazonaws.com") },
        this.args.transform?.role,
      ),
      { parent: this },
    );
    const policy = pulumi
      .all([pulumi.all(this.args.zoneIds), this.args.secret.arn, this.args.keyArn])
      .apply(([zones, secret, key]) => policyDocument(renewalStatements(this.args.domains, zones, secret, key)));
    new aws.iam.RolePolicy(
      name,
      transformed<aws.iam.RolePolicyArgs>({ role: role.id, policy }, this.args.transform?.rolePolicy),
      { parent: this },
    );
    return role;
  }

  private taskDefinition(task: aws.iam.Role): aws.ecs.TaskDefinition {
    const args = transformed<aws.ecs.TaskDefinitionArgs>(
      {
        family: `${this.args.world}-${this.args.region}-renew`,
        requiresCompatibilities: ["FARGATE"],
        networkMode: "awsvpc",
        cpu: "256",
        memory: "512",
        runtimePlatform: { cpuArchitecture: "ARM64", operatingSystemFamily: "LINUX" },
        executionRoleArn: this.args.executionRoleArn,
        taskRoleArn: task.arn,
        containerDefinitions: this.args.containers,
      },
      this.args.transform?.taskDefinition,
    );
    return new aws.ecs.TaskDefinition(`${this.name}-renew`, args, { parent: this });
  }

  /** The scheduler may start this task in this cluster, and nothing else. */
  private starterRole(definition: aws.ecs.TaskDefinition, task: aws.iam.Role): aws.iam.Role {
    const name = `${this.name}-schedule`;
    const role = new aws.iam.Role(
      name,
      transformed<aws.iam.RoleArgs>(
        { assumeRolePolicy: trustService("scheduler.amazonaws.com") },
        this.args.transform?.role,
      ),
      { parent: this },
    );
    const policy = pulumi
      .all([definition.arn, this.args.clusterArn, task.arn, this.args.executionRoleArn])
      .apply(([definitionArn, cluster, taskRole, executionRole]) =>
        policyDocument([
          {
            actions: ["ecs:RunTask"],
            resources: [definitionArn],
            conditions: { ArnEquals: { "ecs:cluster": cluster } },
          },
          {
            actions: ["iam:PassRole"],
            resources: [taskRole, executionRole],
            conditions: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
          },
        ]),
      );
    new aws.iam.RolePolicy(
      name,
      transformed<aws.iam.RolePolicyArgs>({ role: role.id, policy }, this.args.transform?.rolePolicy),
      { parent: this },
    );
    return role;
  }

  private schedule(definition: aws.ecs.TaskDefinition, starter: aws.iam.Role): void {
    const args = transformed<aws.scheduler.ScheduleArgs>(
      {
        scheduleExpression: "rate(12 hours)",
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          arn: this.args.clusterArn,
          roleArn: starter.arn,
          ecsParameters: {
            taskDefinitionArn: definition.arn,
            launchType: "FARGATE",
            networkConfiguration: {
              subnets: [...this.args.subnetIds],
              securityGroups: [this.args.securityGroupId],
              assignPublicIp: this.args.publicAddresses,
            },
          },
          retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 3600 },
        },
      },
      this.args.transform?.schedule,
    );
    new aws.scheduler.Schedule(`${this.name}-renew`, args, { parent: this });
  }
}

/** The secret a region's certificate lives in; empty until the first renewal. */
export function certificateSecret(
  name: string,
  args: { readonly keyArn: pulumi.Input<string>; readonly protect: boolean },
  opts: pulumi.CustomResourceOptions,
): aws.secretsmanager.Secret {
  return new aws.secretsmanager.Secret(
    `${name}-certificate`,
    {
      description: "Certificate and key of the region's domains, written by its renewal task",
      kmsKeyId: args.keyArn,
      recoveryWindowInDays: 7,
    },
    { ...opts, protect: args.protect },
  );
}

/** Challenges may be answered for these domains alone (RFC 8555 §8.4), and one secret written. */
function renewalStatements(
  domains: readonly string[],
  zones: Readonly<Record<string, string>>,
  secret: string,
  key: string,
): Statement[] {
  const challenges = domains.map((domain) => `_acme-challenge.${domain}`);
  const zoneArns = [...new Set(Object.values(zones))].map((zone) => `arn:aws:route53:::hostedzone/${zone}`);
  return [
    {
      actions: ["route53:ChangeResourceRecordSets"],
      resources: zoneArns,
      conditions: {
        "ForAllValues:StringEquals": {
          "route53:ChangeResourceRecordSetsNormalizedRecordNames": challenges,
          "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
        },
      },
    },
    { actions: ["route53:GetChange"], resources: ["arn:aws:route53:::change/*"] },
    { actions: ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], resources: [secret] },
    { actions: ["kms:Decrypt", "kms:GenerateDataKey"], resources: [key] },
  ];
}
