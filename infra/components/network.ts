// The network of a region: subnets in every zone, ways out, endpoints, and a log of what flows.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { allocateSubnets, ipv6Subnet, type Subnet, type Tier } from "../../regions/subnets.ts";
import { policyDocument, trustService } from "../iam.ts";
import { type Transform, transformed } from "../transform.ts";

export interface NetworkArgs {
  /** Private IPv4 range, /16 to /22. */
  readonly range: string;
  /** Names of the zones, such as eu-central-1a; one subnet of each tier in each. */
  readonly zones: readonly pulumi.Input<string>[];
  /** AWS region, for the names of its endpoints. */
  readonly awsRegion: string;
  /**
   * `zone`: a NAT gateway in each (about 37 USD a month each, and 0.045 USD per GiB). `none`: nodes stand in public
   * subnets with addresses of their own.
   */
  readonly nat: "none" | "zone";
  /** Days that flow logs are kept. Default: 30. */
  readonly flowLogDays?: number;
  readonly transform?: {
    readonly rolePolicy?: Transform<aws.iam.RolePolicyArgs>;
    readonly role?: Transform<aws.iam.RoleArgs>;
    readonly logGroup?: Transform<aws.cloudwatch.LogGroupArgs>;
    readonly securityGroup?: Transform<aws.ec2.SecurityGroupArgs>;
    readonly routeTableAssociation?: Transform<aws.ec2.RouteTableAssociationArgs>;
    readonly routeTable?: Transform<aws.ec2.RouteTableArgs>;
    readonly address?: Transform<aws.ec2.EipArgs>;
    readonly route?: Transform<aws.ec2.RouteArgs>;
    readonly defaultSecurityGroup?: Transform<aws.ec2.DefaultSecurityGroupArgs>;
    readonly egressGateway?: Transform<aws.ec2.EgressOnlyInternetGatewayArgs>;
    readonly internetGateway?: Transform<aws.ec2.InternetGatewayArgs>;
    readonly vpc?: Transform<aws.ec2.VpcArgs>;
    readonly subnet?: Transform<aws.ec2.SubnetArgs>;
    readonly natGateway?: Transform<aws.ec2.NatGatewayArgs>;
    readonly endpoint?: Transform<aws.ec2.VpcEndpointArgs>;
    readonly flowLog?: Transform<aws.ec2.FlowLogArgs>;
  };
}

/** Services that nodes reach without leaving the network, where there is NAT to save on. */
const endpointServices = ["ecr.api", "ecr.dkr", "logs", "secretsmanager"] as const;

/** A VPC with public, private and isolated subnets over the zones. */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly publicSubnetIds: readonly pulumi.Output<string>[];
  readonly privateSubnetIds: readonly pulumi.Output<string>[];
  readonly isolatedSubnetIds: readonly pulumi.Output<string>[];
  /** IPv4 ranges of the public subnets: the load balancer's side addresses. */
  readonly publicRanges: readonly string[];

  private readonly name: string;
  private readonly args: NetworkArgs;
  private readonly plan: readonly Subnet[];

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meridian:infra:Network", name, {}, opts);
    this.name = name;
    this.args = args;
    this.plan = allocateSubnets(args.range, args.zones.length);

    const vpc = this.vpc();
    this.lockDefaultGroup(vpc);
    const subnets = new Map(this.plan.map((subnet) => [subnet, this.subnet(vpc, subnet)]));
    const tier = (wanted: Tier) => [...subnets].filter(([plan]) => plan.tier === wanted).map(([, subnet]) => subnet);
    const internet = new aws.ec2.InternetGateway(
      name,
      transformed<aws.ec2.InternetGatewayArgs>({ vpcId: vpc.id }, this.args.transform?.internetGateway),
      { parent: this },
    );
    const egress = new aws.ec2.EgressOnlyInternetGateway(
      name,
      transformed<aws.ec2.EgressOnlyInternetGatewayArgs>({ vpcId: vpc.id }, this.args.transform?.egressGateway),
      { parent: this },
    );
    this.routePublic(vpc, internet, tier("public"));
    const tables = this.routePrivate(vpc, egress, tier("public"), tier("private"));
    this.routeIsolated(vpc, tier("isolated"));
    this.endpoints(vpc, tables, tier("private"));
    this.flowLog(vpc);

    this.vpcId = vpc.id;
    this.publicSubnetIds = tier("public").map((subnet) => subnet.id);
    this.privateSubnetIds = tier("private").map((subnet) => subnet.id);
    this.isolatedSubnetIds = tier("isolated").map((subnet) => subnet.id);
    this.publicRanges = this.plan.filter((subnet) => subnet.tier === "public").map((subnet) => subnet.ipv4);
    this.registerOutputs({ vpcId: this.vpcId });
  }

  private vpc(): aws.ec2.Vpc {
    const args = transformed<aws.ec2.VpcArgs>(
      {
        cidrBlock: this.args.range,
        assignGeneratedIpv6CidrBlock: true,
        enableDnsHostnames: true,
        enableDnsSupport: true,
        tags: { Name: this.name },
      },
      this.args.transform?.vpc,
    );
    return new aws.ec2.Vpc(this.name, args, { parent: this });
  }

  /** The group that AWS gives every VPC, emptied: whatever names no group of its own reaches nothing. */
  private lockDefaultGroup(vpc: aws.ec2.Vpc): void {
    new aws.ec2.DefaultSecurityGroup(
      this.name,
      transformed<aws.ec2.DefaultSecurityGroupArgs>(
        { vpcId: vpc.id, ingress: [], egress: [] },
        this.args.transform?.defaultSecurityGroup,
      ),
      { parent: this },
    );
  }

  private subnet(vpc: aws.ec2.Vpc, plan: Subnet): aws.ec2.Subnet {
    const name = `${this.name}-${plan.tier}-${plan.zone}`;
    const zone = this.args.zones[plan.zone];
    const args = transformed<aws.ec2.SubnetArgs>(
      {
        vpcId: vpc.id,
        cidrBlock: plan.ipv4,
        ipv6CidrBlock: vpc.ipv6CidrBlock.apply((block) => ipv6Subnet(block, plan.ipv6Index)),
        ...(zone !== undefined && { availabilityZone: zone }),
        mapPublicIpOnLaunch: false,
        tags: { Name: name, Tier: plan.tier },
      },
      this.args.transform?.subnet,
    );
    return new aws.ec2.Subnet(name, args, { parent: this });
  }

  private routePublic(vpc: aws.ec2.Vpc, internet: aws.ec2.InternetGateway, subnets: readonly aws.ec2.Subnet[]): void {
    const table = this.table("public", vpc, subnets);
    const routes = { routeTableId: table.id, gatewayId: internet.id };
    new aws.ec2.Route(
      `${this.name}-public-4`,
      transformed<aws.ec2.RouteArgs>({ ...routes, destinationCidrBlock: "0.0.0.0/0" }, this.args.transform?.route),
      { parent: this },
    );
    new aws.ec2.Route(
      `${this.name}-public-6`,
      transformed<aws.ec2.RouteArgs>({ ...routes, destinationIpv6CidrBlock: "::/0" }, this.args.transform?.route),
      { parent: this },
    );
  }

  /** A table for each zone, so that a zone that fails takes no other zone's way out with it. */
  private routePrivate(
    vpc: aws.ec2.Vpc,
    egress: aws.ec2.EgressOnlyInternetGateway,
    publics: readonly aws.ec2.Subnet[],
    privates: readonly aws.ec2.Subnet[],
  ): aws.ec2.RouteTable[] {
    return privates.map((subnet, zone) => {
      const table = this.table(`private-${zone}`, vpc, [subnet]);
      new aws.ec2.Route(
        `${this.name}-private-${zone}-6`,
        transformed<aws.ec2.RouteArgs>(
          { routeTableId: table.id, destinationIpv6CidrBlock: "::/0", egressOnlyGatewayId: egress.id },
          this.args.transform?.route,
        ),
        { parent: this },
      );
      const outside = publics[zone];
      if (this.args.nat === "zone" && outside) this.natRoute(zone, table, outside);
      return table;
    });
  }

  private natRoute(zone: number, table: aws.ec2.RouteTable, outside: aws.ec2.Subnet): void {
    const name = `${this.name}-nat-${zone}`;
    const address = new aws.ec2.Eip(
      name,
      transformed<aws.ec2.EipArgs>({ domain: "vpc", tags: { Name: name } }, this.args.transform?.address),
      { parent: this },
    );
    const args = transformed<aws.ec2.NatGatewayArgs>(
      { subnetId: outside.id, allocationId: address.id, tags: { Name: name } },
      this.args.transform?.natGateway,
    );
    const gateway = new aws.ec2.NatGateway(name, args, { parent: this });
    new aws.ec2.Route(
      `${this.name}-private-${zone}-4`,
      transformed<aws.ec2.RouteArgs>(
        { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", natGatewayId: gateway.id },
        this.args.transform?.route,
      ),
      { parent: this },
    );
  }

  /** Databases have no route but the network's own. */
  private routeIsolated(vpc: aws.ec2.Vpc, subnets: readonly aws.ec2.Subnet[]): void {
    this.table("isolated", vpc, subnets);
  }

  private table(label: string, vpc: aws.ec2.Vpc, subnets: readonly aws.ec2.Subnet[]): aws.ec2.RouteTable {
    const name = `${this.name}-${label}`;
    const table = new aws.ec2.RouteTable(
      name,
      transformed<aws.ec2.RouteTableArgs>({ vpcId: vpc.id, tags: { Name: name } }, this.args.transform?.routeTable),
      { parent: this },
    );
    subnets.forEach((subnet, index) => {
      new aws.ec2.RouteTableAssociation(
        subnets.length === 1 ? name : `${name}-${index}`,
        transformed<aws.ec2.RouteTableAssociationArgs>(
          { routeTableId: table.id, subnetId: subnet.id },
          this.args.transform?.routeTableAssociation,
        ),
        { parent: this },
      );
    });
    return table;
  }

  /** S3 is free of charge for everybody; the others cost about 7 USD a month and zone, so only where NAT is paid for. */
  private endpoints(
    vpc: aws.ec2.Vpc,
    tables: readonly aws.ec2.RouteTable[],
    privates: readonly aws.ec2.Subnet[],
  ): void {
    const add = (service: string, args: Partial<aws.ec2.VpcEndpointArgs>) => {
      const whole = { vpcId: vpc.id, serviceName: `com.amazonaws.${this.args.awsRegion}.${service}`, ...args };
      new aws.ec2.VpcEndpoint(
        `${this.name}-${service.replace(".", "-")}`,
        transformed<aws.ec2.VpcEndpointArgs>(whole, this.args.transform?.endpoint),
        { parent: this },
      );
    };
    add("s3", { vpcEndpointType: "Gateway", routeTableIds: tables.map((table) => table.id) });
    if (this.args.nat === "none") return;
    const group = this.endpointGroup(vpc);
    for (const service of endpointServices)
      add(service, {
        vpcEndpointType: "Interface",
        privateDnsEnabled: true,
        subnetIds: privates.map((subnet) => subnet.id),
        securityGroupIds: [group.id],
      });
  }

  private endpointGroup(vpc: aws.ec2.Vpc): aws.ec2.SecurityGroup {
    return new aws.ec2.SecurityGroup(
      `${this.name}-endpoints`,
      transformed<aws.ec2.SecurityGroupArgs>(
        {
          vpcId: vpc.id,
          description: "AWS services, from within the network",
          ingress: [{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: [this.args.range] }],
          egress: [],
        },
        this.args.transform?.securityGroup,
      ),
      { parent: this },
    );
  }

  private flowLog(vpc: aws.ec2.Vpc): void {
    const name = `${this.name}-flow`;
    const group = new aws.cloudwatch.LogGroup(
      name,
      transformed<aws.cloudwatch.LogGroupArgs>(
        { retentionInDays: this.args.flowLogDays ?? 30 },
        this.args.transform?.logGroup,
      ),
      { parent: this },
    );
    const role = new aws.iam.Role(
      name,
      transformed<aws.iam.RoleArgs>(
        { assumeRolePolicy: trustService("vpc-flow-logs.amazonaws.com") },
        this.args.transform?.role,
      ),
      { parent: this },
    );
    const actions = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"];
    const policy = group.arn.apply((arn) => policyDocument([{ actions, resources: [arn, `${arn}:log-stream:*`] }]));
    new aws.iam.RolePolicy(
      name,
      transformed<aws.iam.RolePolicyArgs>({ role: role.id, policy }, this.args.transform?.rolePolicy),
      { parent: this },
    );
    const args = transformed<aws.ec2.FlowLogArgs>(
      { vpcId: vpc.id, trafficType: "ALL", logDestination: group.arn, iamRoleArn: role.arn },
      this.args.transform?.flowLog,
    );
    new aws.ec2.FlowLog(name, args, { parent: this });
  }
}
