// EC2 hosts for the nodes of a large region: one node a host, so that its connections are tracked on an interface we set.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { trustService } from "../iam.ts";
import { idleSeconds } from "../ports.ts";
import { type Transform, transformed } from "../transform.ts";

export interface HostsArgs {
  readonly clusterName: pulumi.Input<string>;
  /** An EC2 type of the Graviton family. */
  readonly instanceType: string;
  readonly subnetIds: readonly pulumi.Input<string>[];
  readonly securityGroupId: pulumi.Input<string>;
  readonly min: number;
  /** Twice the nodes, for a deployment runs old and new side by side. */
  readonly max: number;
  readonly transform?: {
    readonly provider?: Transform<aws.ecs.CapacityProviderArgs>;
    readonly instanceProfile?: Transform<aws.iam.InstanceProfileArgs>;
    readonly rolePolicyAttachment?: Transform<aws.iam.RolePolicyAttachmentArgs>;
    readonly role?: Transform<aws.iam.RoleArgs>;
    readonly clusterProviders?: Transform<aws.ecs.ClusterCapacityProvidersArgs>;
    readonly launchTemplate?: Transform<aws.ec2.LaunchTemplateArgs>;
    readonly group?: Transform<aws.autoscaling.GroupArgs>;
  };
}

/** A capacity provider of ECS over an autoscaling group. */
export class Hosts extends pulumi.ComponentResource {
  /** Name of the capacity provider; known once the cluster knows it as well. */
  readonly capacityProvider: pulumi.Output<string>;

  private readonly name: string;
  private readonly args: HostsArgs;

  constructor(name: string, args: HostsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meridian:infra:Hosts", name, {}, opts);
    this.name = name;
    this.args = args;

    const profile = this.profile();
    const template = this.launchTemplate(profile);
    const group = this.group(template);
    const provider = this.provider(group);
    const joined = new aws.ecs.ClusterCapacityProviders(
      name,
      transformed<aws.ecs.ClusterCapacityProvidersArgs>(
        { clusterName: args.clusterName, capacityProviders: [provider.name] },
        this.args.transform?.clusterProviders,
      ),
      { parent: this },
    );

    this.capacityProvider = pulumi.all([provider.name, joined.id]).apply(([provided]) => provided);
    this.registerOutputs({ capacityProvider: this.capacityProvider });
  }

  private profile(): aws.iam.InstanceProfile {
    const name = `${this.name}-host`;
    const role = new aws.iam.Role(
      name,
      transformed<aws.iam.RoleArgs>({ assumeRolePolicy: trustService("ec2.amazonaws.com") }, this.args.transform?.role),
      { parent: this },
    );
    new aws.iam.RolePolicyAttachment(
      name,
      transformed<aws.iam.RolePolicyAttachmentArgs>(
        {
          role: role.name,
          policyArn: "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
        },
        this.args.transform?.rolePolicyAttachment,
      ),
      { parent: this },
    );
    return new aws.iam.InstanceProfile(
      name,
      transformed<aws.iam.InstanceProfileArgs>({ role: role.name }, this.args.transform?.instanceProfile),
      { parent: this },
    );
  }

  private launchTemplate(profile: aws.iam.InstanceProfile): aws.ec2.LaunchTemplate {
    const args = transformed<aws.ec2.LaunchTemplateArgs>(
      {
        imageId: "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
        instanceType: this.args.instanceType,
        iamInstanceProfile: { arn: profile.arn },
        updateDefaultVersion: true,
        metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
        blockDeviceMappings: [
          { deviceName: "/dev/xvda", ebs: { volumeSize: 30, volumeType: "gp3", encrypted: "true" } },
        ],
        networkInterfaces: [
          {
            deviceIndex: 0,
            associatePublicIpAddress: "false",
            securityGroups: [this.args.securityGroupId],
            // An idle client must not be forgotten before the load balancer forgets it.
            connectionTrackingSpecification: {
              tcpEstablishedTimeout: idleSeconds + 300,
              udpTimeout: 30,
              udpStreamTimeout: 60,
            },
          },
        ],
        userData: pulumi
          .output(this.args.clusterName)
          .apply((cluster) => Buffer.from(userData(cluster)).toString("base64")),
      },
      this.args.transform?.launchTemplate,
    );
    return new aws.ec2.LaunchTemplate(this.name, args, { parent: this });
  }

  private group(template: aws.ec2.LaunchTemplate): aws.autoscaling.Group {
    const args = transformed<aws.autoscaling.GroupArgs>(
      {
        minSize: this.args.min,
        maxSize: this.args.max,
        vpcZoneIdentifiers: [...this.args.subnetIds],
        launchTemplate: { id: template.id, version: pulumi.interpolate`${template.latestVersion}` },
        protectFromScaleIn: true,
        healthCheckType: "EC2",
        tags: [
          { key: "AmazonECSManaged", value: "true", propagateAtLaunch: true },
          { key: "Name", value: `${this.name}-host`, propagateAtLaunch: true },
        ],
      },
      this.args.transform?.group,
    );
    return new aws.autoscaling.Group(this.name, args, { parent: this, ignoreChanges: ["desiredCapacity"] });
  }

  private provider(group: aws.autoscaling.Group): aws.ecs.CapacityProvider {
    return new aws.ecs.CapacityProvider(
      this.name,
      transformed<aws.ecs.CapacityProviderArgs>(
        {
          autoScalingGroupProvider: {
            autoScalingGroupArn: group.arn,
            managedTerminationProtection: "ENABLED",
            managedDraining: "ENABLED",
            managedScaling: { status: "ENABLED", targetCapacity: 100 },
          },
        },
        this.args.transform?.provider,
      ),
      { parent: this },
    );
  }
}

/** ECS waits as long for a container to stop as a node drains. */
function userData(cluster: string): string {
  const settings = [`ECS_CLUSTER=${cluster}`, "ECS_CONTAINER_STOP_TIMEOUT=120s", "ECS_ENABLE_CONTAINER_METADATA=true"];
  return `#!/bin/sh\ncat > /etc/ecs/ecs.config <<'END'\n${settings.join("\n")}\nEND\n`;
}
