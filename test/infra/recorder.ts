// Runs a Pulumi program without an engine and records what it registers, as preview or as update.
import * as pulumi from "@pulumi/pulumi";
import type { PlannedResource } from "../../infra/policies.ts";

/** What a program registered. */
export interface Recording {
  readonly resources: readonly PlannedResource[];
  readonly components: readonly { readonly type: string; readonly name: string }[];
}

/** Answers of AWS to a resource of this type, beside its inputs. */
const answers: Readonly<Record<string, (name: string) => Record<string, unknown>>> = {
  "aws:ec2/vpc:Vpc": () => ({ ipv6CidrBlock: "2600:1f18:12:ab00::/56" }),
  "aws:ec2/eip:Eip": () => ({ publicIp: "203.0.113.7" }),
  "aws:lb/loadBalancer:LoadBalancer": (name) => ({
    dnsName: `${name}.elb.example`,
    zoneId: "Z-ELB",
    arnSuffix: `net/${name}/1`,
  }),
  "aws:lb/targetGroup:TargetGroup": (name) => ({ arnSuffix: `targetgroup/${name}/1` }),
  "aws:rds/cluster:Cluster": (name) => ({
    endpoint: `${name}.rds.example`,
    clusterIdentifier: name,
    masterUserSecrets: [{ secretArn: `arn:aws:secretsmanager:x:1:secret:${name}` }],
  }),
  "aws:rds/instance:Instance": (name) => ({
    address: `${name}.rds.example`,
    identifier: name,
    masterUserSecrets: [{ secretArn: `arn:aws:secretsmanager:x:1:secret:${name}` }],
  }),
  "aws:elasticache/replicationGroup:ReplicationGroup": (name) => ({ primaryEndpointAddress: `${name}.cache.example` }),
  "aws:route53/zone:Zone": (name) => ({ zoneId: `Z-${name}`, nameServers: ["ns-1.example", "ns-2.example"] }),
  "aws:route53/record:Record": (name) => ({ fqdn: `${name}.example` }),
  "aws:ecr/repository:Repository": () => ({
    repositoryUrl: "123456789012.dkr.ecr.us-east-1.amazonaws.com/example/meridian",
  }),
  "aws:acmpca/certificateAuthority:CertificateAuthority": () => ({ certificateSigningRequest: "CSR" }),
  "aws:acmpca/certificate:Certificate": () => ({ certificate: "PEM" }),
};

// The SDK notes where each resource is written, by the text of a whole stack: a tenth of what these tests cost.
Object.assign(pulumi.Resource, { callsites: () => [] });

/** Runs a program. What only an update knows is left out in a preview, as the engine does. */
export async function record(
  program: () => unknown,
  options: {
    readonly preview?: boolean;
    readonly project?: string;
    readonly stack?: string;
    /** Outputs of stacks that the program refers to. */
    readonly outputs?: Readonly<Record<string, object>>;
  } = {},
): Promise<Recording> {
  const resources: PlannedResource[] = [];
  const components: { type: string; name: string }[] = [];
  const preview = options.preview ?? false;
  await pulumi.runtime.setMocks(
    {
      newResource(args) {
        if (args.type === "pulumi:pulumi:StackReference") {
          const outputs = options.outputs?.[args.name];
          if (outputs === undefined) throw new Error(`no stack ${args.name}`);
          return { id: args.name, state: { ...args.inputs, outputs } };
        }
        if (args.type.startsWith("meridian:")) components.push({ type: args.type, name: args.name });
        else resources.push({ type: args.type, name: args.name, inputs: args.inputs });
        const arn = `arn:aws:${args.type.split(":")[1]}:xx:123456789012:${args.name}`;
        const known = preview ? {} : { arn, name: args.name, ...answers[args.type]?.(args.name) };
        return { id: preview ? "" : `${args.name}-id`, state: { ...known, ...args.inputs } };
      },
      call(args) {
        if (args.token === "aws:index/getAvailabilityZones:getAvailabilityZones")
          return { names: ["a", "b", "c", "d"].map((zone) => `xx-${zone}`) };
        if (args.token === "aws:index/getCallerIdentity:getCallerIdentity") return { accountId: "123456789012" };
        throw new Error(`no answer for ${args.token}`);
      },
    },
    options.project ?? "project",
    options.stack ?? "stack",
    preview,
  );
  const { stackTraceLimit } = Error;
  // The SDK notes the stack of every promise it makes; under Jest that is most of the time this takes.
  Error.stackTraceLimit = 0;
  try {
    await pulumi.runtime.runInPulumiStack(async () => program());
    await pulumi.runtime.disconnect();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return { resources, components };
}
