// The region's PostgreSQL: Aurora Serverless v2, or one RDS instance for a small region.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Size } from "../../regions/sizes.ts";
import { databaseName } from "../node-config.ts";
import { type Transform, transformed } from "../transform.ts";

export interface DatabaseArgs {
  readonly vpcId: pulumi.Input<string>;
  /** Isolated subnets. */
  readonly subnetIds: readonly pulumi.Input<string>[];
  /** The nodes' security group: nobody else may connect. */
  readonly clientGroupId: pulumi.Input<string>;
  readonly size: Size["database"];
  /** Key that encrypts data, backups and the managed password. */
  readonly keyArn: pulumi.Input<string>;
  /** Days of backups. Default: 14. */
  readonly backupDays?: number;
  /** Refuses deletion, by AWS and by Pulumi. Default: true. */
  readonly protect?: boolean;
  /** Major version of PostgreSQL. Default: 17. */
  readonly version?: string;
  /** Name of the snapshot that a deletion leaves. */
  readonly finalSnapshot: string;
  readonly transform?: {
    readonly parameterGroup?: Transform<aws.rds.ParameterGroupArgs>;
    readonly clusterParameterGroup?: Transform<aws.rds.ClusterParameterGroupArgs>;
    readonly subnetGroup?: Transform<aws.rds.SubnetGroupArgs>;
    readonly cluster?: Transform<aws.rds.ClusterArgs>;
    readonly clusterInstance?: Transform<aws.rds.ClusterInstanceArgs>;
    readonly instance?: Transform<aws.rds.InstanceArgs>;
    readonly securityGroup?: Transform<aws.ec2.SecurityGroupArgs>;
  };
}

/**
 * PostgreSQL in isolated subnets: encrypted, TLS only, backed up, with a password that AWS makes and rotates, so that
 * it is in no state file. About 14 USD a month for `small`, 88 USD for two instances of Aurora at rest.
 */
export class Database extends pulumi.ComponentResource {
  /** Host name of the writer. */
  readonly host: pulumi.Output<string>;
  /** Secret of AWS with the user's name and password. */
  readonly secretArn: pulumi.Output<string>;
  /** What CloudWatch knows it by. */
  readonly dimensions: Readonly<Record<string, pulumi.Output<string>>>;

  private readonly name: string;
  private readonly args: DatabaseArgs;
  private readonly stateful: pulumi.CustomResourceOptions;

  constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meridian:infra:Database", name, {}, opts);
    this.name = name;
    this.args = args;
    this.stateful = { parent: this, protect: args.protect ?? true };

    const group = this.securityGroup();
    const subnets = new aws.rds.SubnetGroup(
      name,
      transformed<aws.rds.SubnetGroupArgs>({ subnetIds: [...args.subnetIds] }, this.args.transform?.subnetGroup),
      { parent: this },
    );
    const { size } = args;
    const made = size.kind === "serverless" ? this.aurora(size, group, subnets) : this.instance(size, group, subnets);
    this.host = made.host;
    this.secretArn = made.secretArn;
    this.dimensions = made.dimensions;
    this.registerOutputs({ host: this.host, secretArn: this.secretArn });
  }

  private securityGroup(): aws.ec2.SecurityGroup {
    const args = transformed<aws.ec2.SecurityGroupArgs>(
      {
        vpcId: this.args.vpcId,
        description: "Nodes to PostgreSQL",
        ingress: [{ protocol: "tcp", fromPort: 5432, toPort: 5432, securityGroups: [this.args.clientGroupId] }],
        egress: [],
        tags: { Name: `${this.name}-database` },
      },
      this.args.transform?.securityGroup,
    );
    return new aws.ec2.SecurityGroup(`${this.name}-database`, args, { parent: this });
  }

  private common(group: aws.ec2.SecurityGroup, subnets: aws.rds.SubnetGroup) {
    return {
      dbSubnetGroupName: subnets.name,
      vpcSecurityGroupIds: [group.id],
      storageEncrypted: true,
      kmsKeyId: this.args.keyArn,
      manageMasterUserPassword: true,
      masterUserSecretKmsKeyId: this.args.keyArn,
      backupRetentionPeriod: this.args.backupDays ?? 14,
      copyTagsToSnapshot: true,
      deletionProtection: this.args.protect ?? true,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: this.args.finalSnapshot,
      applyImmediately: false,
    };
  }

  private aurora(
    size: Extract<Size["database"], { kind: "serverless" }>,
    group: aws.ec2.SecurityGroup,
    subnets: aws.rds.SubnetGroup,
  ) {
    const version = this.args.version ?? "17";
    const parameters = new aws.rds.ClusterParameterGroup(
      this.name,
      transformed<aws.rds.ClusterParameterGroupArgs>(
        { family: `aurora-postgresql${version}`, parameters: [{ name: "rds.force_ssl", value: "1" }] },
        this.args.transform?.clusterParameterGroup,
      ),
      { parent: this },
    );
    const args = transformed<aws.rds.ClusterArgs>(
      {
        ...this.common(group, subnets),
        engine: "aurora-postgresql",
        engineMode: "provisioned",
        engineVersion: version,
        databaseName,
        masterUsername: databaseName,
        serverlessv2ScalingConfiguration: { minCapacity: size.minUnits, maxCapacity: size.maxUnits },
        dbClusterParameterGroupName: parameters.name,
        enabledCloudwatchLogsExports: ["postgresql"],
      },
      this.args.transform?.cluster,
    );
    const cluster = new aws.rds.Cluster(this.name, args, this.stateful);
    for (let index = 0; index < size.instances; index += 1) this.auroraInstance(cluster, index);
    return {
      host: cluster.endpoint,
      secretArn: cluster.masterUserSecrets.apply((secrets) => secrets[0]?.secretArn ?? ""),
      dimensions: { DBClusterIdentifier: cluster.clusterIdentifier },
    };
  }

  private auroraInstance(cluster: aws.rds.Cluster, index: number): void {
    const args = transformed<aws.rds.ClusterInstanceArgs>(
      {
        clusterIdentifier: cluster.id,
        engine: "aurora-postgresql",
        instanceClass: "db.serverless",
        publiclyAccessible: false,
        promotionTier: Math.min(index, 1),
        performanceInsightsEnabled: true,
        performanceInsightsKmsKeyId: this.args.keyArn,
      },
      this.args.transform?.clusterInstance,
    );
    new aws.rds.ClusterInstance(`${this.name}-${index}`, args, this.stateful);
  }

  private instance(
    size: Extract<Size["database"], { kind: "instance" }>,
    group: aws.ec2.SecurityGroup,
    subnets: aws.rds.SubnetGroup,
  ) {
    const version = this.args.version ?? "17";
    const parameters = new aws.rds.ParameterGroup(
      this.name,
      transformed<aws.rds.ParameterGroupArgs>(
        { family: `postgres${version}`, parameters: [{ name: "rds.force_ssl", value: "1" }] },
        this.args.transform?.parameterGroup,
      ),
      { parent: this },
    );
    const args = transformed<aws.rds.InstanceArgs>(
      {
        ...this.common(group, subnets),
        engine: "postgres",
        engineVersion: version,
        instanceClass: size.class,
        allocatedStorage: size.storage,
        maxAllocatedStorage: size.storage * 4,
        storageType: "gp3",
        dbName: databaseName,
        username: databaseName,
        parameterGroupName: parameters.name,
        publiclyAccessible: false,
        enabledCloudwatchLogsExports: ["postgresql"],
      },
      this.args.transform?.instance,
    );
    const instance = new aws.rds.Instance(this.name, args, this.stateful);
    return {
      host: instance.address,
      secretArn: instance.masterUserSecrets.apply((secrets) => secrets[0]?.secretArn ?? ""),
      dimensions: { DBInstanceIdentifier: instance.identifier },
    };
  }
}
