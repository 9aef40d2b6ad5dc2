// The small things a region needs beside its components: keys, log groups, the nodes' security group, names of zones.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Region, World } from "../../regions/world.ts";
import type { GlobalOutputs } from "../global/program.ts";
import { linksPort, openPorts } from "../ports.ts";

/** The key that encrypts what a region stores; 1 USD a month. */
export function dataKey(world: World, region: Region, protect: boolean, provider: aws.Provider): aws.kms.Key {
  return new aws.kms.Key(
    region.name,
    {
      description: `Data of ${region.name} in ${world.name}`,
      enableKeyRotation: true,
      deletionWindowInDays: 30,
    },
    { provider, protect },
  );
}

/** The world's HMAC key in this AWS region: the key itself at home, a copy of it elsewhere. */
export function worldKey(
  world: World,
  region: Region,
  global: GlobalOutputs,
  home: string,
  provider: aws.Provider,
): pulumi.Output<string> {
  // Regions that share an AWS region share its copy: the first of them makes it.
  const first = world.regions.find((other) => other.aws === region.aws);
  if (region.aws === home) return pulumi.output(global.worldKeyArn);
  if (first?.name !== region.name)
    return pulumi.output(global.worldKeyArn).apply((arn) => arn.replace(`:${home}:`, `:${region.aws}:`));
  const copy = new aws.kms.ReplicaKey(
    `${region.name}-world-secret`,
    {
      description: `Secrets shared by the regions of ${world.name}`,
      primaryKeyArn: global.worldKeyArn,
      deletionWindowInDays: 30,
    },
    { provider },
  );
  return copy.arn;
}

/** Where nodes and their measures are written down. */
export function logGroups(name: string, retentionInDays: number, provider: aws.Provider) {
  const opts = { provider };
  return {
    nodes: new aws.cloudwatch.LogGroup(`${name}-nodes`, { retentionInDays }, opts),
    metrics: new aws.cloudwatch.LogGroup(`${name}-metrics`, { retentionInDays }, opts),
  };
}

/** The names of the first zones of an AWS region that are open to everybody (no local zones). */
export function zoneNames(count: number, provider: aws.Provider): pulumi.Output<string>[] {
  const zones = aws.getAvailabilityZonesOutput(
    { state: "available", filters: [{ name: "opt-in-status", values: ["opt-in-not-required"] }] },
    { provider },
  );
  return Array.from({ length: count }, (_, index) => zones.names.apply((names) => names[index] ?? ""));
}

/** The security group of nodes: in from the load balancer and from each other alone, out to everywhere (federation has no fixed ports). */
export function nodeSecurityGroup(
  name: string,
  args: { readonly vpcId: pulumi.Input<string>; readonly balancerGroupId: pulumi.Input<string> },
  opts: pulumi.CustomResourceOptions,
): aws.ec2.SecurityGroup {
  return new aws.ec2.SecurityGroup(
    `${name}-nodes`,
    {
      vpcId: args.vpcId,
      description: "Load balancer to nodes",
      ingress: [
        ...openPorts.map(({ target }) => ({
          protocol: "tcp",
          fromPort: target,
          toPort: target,
          securityGroups: [args.balancerGroupId],
        })),
        { protocol: "tcp", fromPort: linksPort, toPort: linksPort, self: true },
      ],
      egress: [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"] }],
      tags: { Name: `${name}-nodes` },
    },
    opts,
  );
}
