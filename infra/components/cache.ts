// The region's Valkey: sessions, the bus between nodes, streams that wait to be resumed.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Size } from "../../regions/sizes.ts";
import { cacheAccess, cachePort } from "../cache-access.ts";
import { type Transform, transformed } from "../transform.ts";

export interface CacheArgs {
  readonly vpcId: pulumi.Input<string>;
  /** Isolated subnets. */
  readonly subnetIds: readonly pulumi.Input<string>[];
  /** The nodes' security group: nobody else may connect. */
  readonly clientGroupId: pulumi.Input<string>;
  readonly size: Size["cache"];
  readonly keyArn: pulumi.Input<string>;
  /** Refuses deletion by Pulumi. Default: true. */
  readonly protect?: boolean;
  /** Name of the nodes' user, unique in the account and AWS region. */
  readonly user: string;
  /** Name of the snapshot that a deletion leaves. */
  readonly finalSnapshot: string;
  readonly transform?: {
    readonly userGroup?: Transform<aws.elasticache.UserGroupArgs>;
    readonly parameterGroup?: Transform<aws.elasticache.ParameterGroupArgs>;
    readonly subnetGroup?: Transform<aws.elasticache.SubnetGroupArgs>;
    readonly replicationGroup?: Transform<aws.elasticache.ReplicationGroupArgs>;
    readonly user?: Transform<aws.elasticache.UserArgs>;
    readonly securityGroup?: Transform<aws.ec2.SecurityGroupArgs>;
  };
}

/**
 * Valkey with TLS and one user that logs in by IAM: there is no password, neither in a state file nor elsewhere.
 * About 9 USD a month for `small`, 37 USD for `standard`.
 */
export class Cache extends pulumi.ComponentResource {
  readonly host: pulumi.Output<string>;
  /** Identifier of the replication group. */
  readonly id: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  readonly userArn: pulumi.Output<string>;

  private readonly name: string;
  private readonly args: CacheArgs;

  constructor(name: string, args: CacheArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meridian:infra:Cache", name, {}, opts);
    this.name = name;
    this.args = args;

    const group = this.securityGroup();
    const subnets = new aws.elasticache.SubnetGroup(
      name,
      transformed<aws.elasticache.SubnetGroupArgs>(
        { subnetIds: [...args.subnetIds] },
        this.args.transform?.subnetGroup,
      ),
      { parent: this },
    );
    const parameters = this.parameters();
    const user = this.user();
    const users = this.users(user);
    const cache = this.replicationGroup(group, subnets, parameters, users);

    this.host = cache.primaryEndpointAddress;
    this.id = cache.id;
    this.arn = cache.arn;
    this.userArn = user.arn;
    this.registerOutputs({ host: this.host });
  }

  private securityGroup(): aws.ec2.SecurityGroup {
    const args = transformed<aws.ec2.SecurityGroupArgs>(
      {
        vpcId: this.args.vpcId,
        description: "Nodes to Valkey",
        ingress: [
          { protocol: "tcp", fromPort: cachePort, toPort: cachePort, securityGroups: [this.args.clientGroupId] },
        ],
        egress: [],
        tags: { Name: `${this.name}-cache` },
      },
      this.args.transform?.securityGroup,
    );
    return new aws.ec2.SecurityGroup(`${this.name}-cache`, args, { parent: this });
  }

  /** A full cache refuses writes instead of forgetting sessions. */
  private parameters(): aws.elasticache.ParameterGroup {
    return new aws.elasticache.ParameterGroup(
      this.name,
      transformed<aws.elasticache.ParameterGroupArgs>(
        { family: "valkey8", parameters: [{ name: "maxmemory-policy", value: "noeviction" }] },
        this.args.transform?.parameterGroup,
      ),
      { parent: this },
    );
  }

  /** AWS asks that the name and the identifier of an IAM user be the same. */
  private user(): aws.elasticache.User {
    const args = transformed<aws.elasticache.UserArgs>(
      {
        engine: "valkey",
        userId: this.args.user,
        userName: this.args.user,
        accessString: cacheAccess,
        authenticationMode: { type: "iam" },
      },
      this.args.transform?.user,
    );
    return new aws.elasticache.User(this.name, args, { parent: this });
  }

  private users(user: aws.elasticache.User): aws.elasticache.UserGroup {
    return new aws.elasticache.UserGroup(
      this.name,
      transformed<aws.elasticache.UserGroupArgs>(
        { engine: "valkey", userGroupId: this.args.user, userIds: [user.userId] },
        this.args.transform?.userGroup,
      ),
      { parent: this },
    );
  }

  private replicationGroup(
    group: aws.ec2.SecurityGroup,
    subnets: aws.elasticache.SubnetGroup,
    parameters: aws.elasticache.ParameterGroup,
    users: aws.elasticache.UserGroup,
  ): aws.elasticache.ReplicationGroup {
    const { size } = this.args;
    const spread = size.replicas > 0;
    const args = transformed<aws.elasticache.ReplicationGroupArgs>(
      {
        description: `Meridian ${this.name}`,
        engine: "valkey",
        engineVersion: "8.1",
        nodeType: size.nodeType,
        numCacheClusters: size.replicas + 1,
        automaticFailoverEnabled: spread,
        multiAzEnabled: spread,
        subnetGroupName: subnets.name,
        securityGroupIds: [group.id],
        parameterGroupName: parameters.name,
        userGroupIds: [users.userGroupId],
        transitEncryptionEnabled: true,
        transitEncryptionMode: "required",
        atRestEncryptionEnabled: true,
        kmsKeyId: this.args.keyArn,
        snapshotRetentionLimit: 3,
        finalSnapshotIdentifier: this.args.finalSnapshot,
        applyImmediately: false,
      },
      this.args.transform?.replicationGroup,
    );
    return new aws.elasticache.ReplicationGroup(this.name, args, { parent: this, protect: this.args.protect ?? true });
  }
}
