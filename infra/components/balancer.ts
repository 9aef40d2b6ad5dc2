// The front door of a region: a network load balancer with fixed addresses that passes TCP through to the nodes.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { idleSeconds, type OpenPort, openPorts } from "../ports.ts";
import { type Transform, transformed } from "../transform.ts";

export interface BalancerArgs {
  readonly vpcId: pulumi.Input<string>;
  /** IPv4 range of the network, where the nodes are. */
  readonly range: string;
  /** Public subnets, one in each zone; each gets one Elastic IP (3.65 USD a month). */
  readonly subnetIds: readonly pulumi.Input<string>[];
  /** `ip` for tasks with an interface of their own, `instance` for tasks in their host's network. */
  readonly targetType: "ip" | "instance";
  /** Time a node that leaves keeps its connections, seconds. Default: 120. */
  readonly deregistrationSeconds?: number;
  /** Refuses deletion. Default: true. */
  readonly protect?: boolean;
  readonly transform?: {
    readonly address?: Transform<aws.ec2.EipArgs>;
    readonly loadBalancer?: Transform<aws.lb.LoadBalancerArgs>;
    readonly targetGroup?: Transform<aws.lb.TargetGroupArgs>;
    readonly listener?: Transform<aws.lb.ListenerArgs>;
    readonly securityGroup?: Transform<aws.ec2.SecurityGroupArgs>;
  };
}

/**
 * A network load balancer (about 17 USD a month, and more by traffic). Its name is at most 32 characters, so `name`
 * has at most 16: AWS refuses longer ones.
 */
export class Balancer extends pulumi.ComponentResource {
  readonly arnSuffix: pulumi.Output<string>;
  readonly dnsName: pulumi.Output<string>;
  readonly zoneId: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  /** Fixed IPv4 addresses, one a zone. */
  readonly addresses: readonly pulumi.Output<string>[];
  /** A target group for each open port, in the order of `openPorts`. */
  readonly targetGroups: readonly { readonly port: OpenPort; readonly group: aws.lb.TargetGroup }[];
  /** Wait for these before nodes register: ECS refuses a target group that no listener uses. */
  readonly listeners: readonly aws.lb.Listener[];

  private readonly name: string;
  private readonly args: BalancerArgs;

  constructor(name: string, args: BalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meridian:infra:Balancer", name, {}, opts);
    this.name = name;
    this.args = args;

    const group = this.securityGroup();
    const addresses = args.subnetIds.map((_, zone) => this.address(zone));
    const balancer = this.loadBalancer(group, addresses);
    this.targetGroups = openPorts.map((port) => ({ port, group: this.targetGroup(port) }));
    this.listeners = this.targetGroups.map(({ port, group }) => this.listener(balancer, port, group));

    this.arnSuffix = balancer.arnSuffix;
    this.dnsName = balancer.dnsName;
    this.zoneId = balancer.zoneId;
    this.securityGroupId = group.id;
    this.addresses = addresses.map((address) => address.publicIp);
    this.registerOutputs({ dnsName: this.dnsName, addresses: this.addresses });
  }

  /** There from the balancer's creation: one that was made without can never get one. */
  private securityGroup(): aws.ec2.SecurityGroup {
    const everybody = { cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"] };
    const args = transformed<aws.ec2.SecurityGroupArgs>(
      {
        vpcId: this.args.vpcId,
        description: "The world to the load balancer",
        ingress: openPorts.map(({ listen, what }) => ({
          protocol: "tcp",
          fromPort: listen,
          toPort: listen,
          description: plain(what),
          ...everybody,
        })),
        egress: openPorts.map(({ target, what }) => ({
          protocol: "tcp",
          fromPort: target,
          toPort: target,
          description: plain(what),
          cidrBlocks: [this.args.range],
        })),
        tags: { Name: `${this.name}-balancer` },
      },
      this.args.transform?.securityGroup,
    );
    return new aws.ec2.SecurityGroup(`${this.name}-balancer`, args, { parent: this });
  }

  private address(zone: number): aws.ec2.Eip {
    const name = `${this.name}-${zone}`;
    return new aws.ec2.Eip(
      name,
      transformed<aws.ec2.EipArgs>({ domain: "vpc", tags: { Name: name } }, this.args.transform?.address),
      { parent: this },
    );
  }

  private loadBalancer(group: aws.ec2.SecurityGroup, addresses: readonly aws.ec2.Eip[]): aws.lb.LoadBalancer {
    const args = transformed<aws.lb.LoadBalancerArgs>(
      {
        loadBalancerType: "network",
        ipAddressType: "dualstack",
        subnetMappings: addresses.map((address, zone) => ({
          allocationId: address.id,
          subnetId: this.args.subnetIds[zone] ?? "",
        })),
        securityGroups: [group.id],
        enableCrossZoneLoadBalancing: true,
        enableDeletionProtection: this.args.protect ?? true,
      },
      this.args.transform?.loadBalancer,
    );
    return new aws.lb.LoadBalancer(this.name, args, { parent: this });
  }

  private targetGroup(port: OpenPort): aws.lb.TargetGroup {
    const args = transformed<aws.lb.TargetGroupArgs>(
      {
        vpcId: this.args.vpcId,
        protocol: "TCP",
        port: port.target,
        targetType: this.args.targetType,
        proxyProtocolV2: true,
        // The PROXY header tells the client's address; keeping it on the wire too would break clients behind the
        // same load balancer, and nodes would need to let in the whole world.
        preserveClientIp: "false",
        deregistrationDelay: this.args.deregistrationSeconds ?? 120,
        connectionTermination: true,
        // The balancer sends a PROXY header with its checks as well, and the listener of that port reads it.
        healthCheck: {
          protocol: "TCP",
          port: "traffic-port",
          interval: 10,
          healthyThreshold: 2,
          unhealthyThreshold: 2,
        },
      },
      this.args.transform?.targetGroup,
    );
    return new aws.lb.TargetGroup(`${this.name}-${port.name}`, args, { parent: this });
  }

  private listener(balancer: aws.lb.LoadBalancer, port: OpenPort, group: aws.lb.TargetGroup): aws.lb.Listener {
    const args = transformed<aws.lb.ListenerArgs>(
      {
        loadBalancerArn: balancer.arn,
        protocol: "TCP",
        port: port.listen,
        tcpIdleTimeoutSeconds: idleSeconds,
        defaultActions: [{ type: "forward", targetGroupArn: group.arn }],
      },
      this.args.transform?.listener,
    );
    return new aws.lb.Listener(`${this.name}-${port.name}`, args, { parent: this });
  }
}

/** Descriptions of rules allow few characters: no semicolon, no section sign. */
function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9 ._,:()-]/g, "");
}
