// One region of a world on AWS, as a parts list.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { awsRegions } from "../../regions/aws-regions.ts";
import { type Region, type World, WorldError } from "../../regions/world.ts";
import { cloudProblems } from "../../regions/world-problems.ts";
import { Alarms } from "../components/alarms.ts";
import { Balancer } from "../components/balancer.ts";
import { Cache } from "../components/cache.ts";
import { Certificates, certificateSecret } from "../components/certificates.ts";
import { Database } from "../components/database.ts";
import { Dns } from "../components/dns.ts";
import { Network } from "../components/network.ts";
import { Nodes } from "../components/nodes.ts";
import { zoneDomains, zoneOf } from "../dns-records.ts";
import { type GlobalOutputs, homeOf, worldTags } from "../global/program.ts";
import { imageReference, repositoryArn } from "../image-reference.ts";
import { nodePermissions } from "./permissions.ts";
import { dataKey, logGroups, nodeSecurityGroup, worldKey, zoneNames } from "./surroundings.ts";
import { cacheUser, nodeTask, renewalTask, type TaskParts } from "./tasks.ts";

export interface RegionSettings {
  /** AWS region of the global stack. Default: the first region's. */
  readonly home?: string;
  /** Whether stateful things refuse deletion. Default: true. */
  readonly protect?: boolean;
  /** ACME directory (RFC 8555 §7.1.1). Default: Let's Encrypt. */
  readonly acmeDirectory?: string;
  /** Days that logs are kept. Default: 30. */
  readonly logDays?: number;
  /** Leaves the region out of the global domain's answers. Default: false. */
  readonly drained?: boolean;
}

/** What the parts of a region are made with. */
interface Frame {
  readonly world: World;
  readonly region: Region;
  readonly name: string;
  readonly awsRegion: string;
  readonly range: string;
  readonly global: GlobalOutputs;
  readonly settings: RegionSettings;
  readonly provider: aws.Provider;
  readonly protect: boolean;
}

/** Registers the resources of a region's stack. @throws WorldError when the world is not ready for the cloud */
export function regionProgram(world: World, region: Region, global: GlobalOutputs, settings: RegionSettings = {}) {
  const frame = frameOf(world, region, global, settings);
  const { name, awsRegion, provider } = frame;

  const key = dataKey(world, region, frame.protect, provider);
  const worldSecret = worldKey(world, region, global, homeOf(world, settings), provider);
  const logs = logGroups(name, settings.logDays ?? 30, provider);
  const secret = certificateSecret(name, { keyArn: key.arn, protect: frame.protect }, { provider });
  const { network, balancer, group } = front(frame);
  const { database, cache } = stores(frame, network, group, key);
  const alarms = watch(frame, balancer, database, cache);

  const parts: TaskParts = {
    image: pulumi.output(global.repositoryUrl).apply((url) => imageReference(region.image, url, awsRegion)),
    logGroup: logs.nodes.name,
    metricsLogGroup: logs.metrics.name,
    databaseHost: database.host,
    databaseSecret: database.secretArn,
    certificateSecret: secret.arn,
    worldKey: worldSecret,
    worldAuthority: global.authorityCertificate,
    cacheId: cache.id,
    cacheHost: cache.host,
  };
  const placement = place(region, network, group);
  const nodes = new Nodes(
    name,
    {
      ...placement,
      world: world.name,
      region: name,
      size: region.size,
      balancer,
      logGroup: logs.nodes,
      metricsLogGroup: logs.metrics,
      containers: nodeTask(world, region, awsRegion, network.publicRanges, parts),
      repositoryArn: pulumi.output(global.repositoryUrl).apply((url) => repositoryArn(url, awsRegion) ?? url),
      permissions: nodePermissions({
        databaseSecret: database.secretArn,
        certificateSecret: secret.arn,
        dataKey: key.arn,
        worldKey: worldSecret,
        cache: cache.arn,
        cacheUser: cache.userArn,
        directory: global.directoryArn,
        awsRegion,
      }),
      alarmNames: alarms.rollbackNames,
    },
    { provider },
  );
  renewals(frame, { placement, nodes, secret, key, parts });
  const dns = names(frame, balancer);

  return {
    domain: region.domain,
    image: parts.image,
    addresses: pulumi.all([...balancer.addresses]),
    balancer: balancer.dnsName,
    cluster: nodes.clusterName,
    service: nodes.serviceName,
    healthCheck: dns.healthCheckId,
    alarmTopic: alarms.topicArn,
  };
}

function frameOf(world: World, region: Region, global: GlobalOutputs, settings: RegionSettings): Frame {
  const problems = cloudProblems(world);
  const { aws: awsRegion, network: range, name } = region;
  if (problems.length > 0 || awsRegion === undefined || range === undefined) throw new WorldError(world.name, problems);
  const provider = new aws.Provider("aws", {
    region: awsRegion as aws.Region,
    defaultTags: { tags: worldTags(world, name) },
  });
  return { world, region, name, awsRegion, range, global, settings, provider, protect: settings.protect ?? true };
}

function front({ name, region, range, awsRegion, provider, protect }: Frame) {
  const opts = { provider };
  const zones = zoneNames(awsRegions.get(awsRegion)?.zones ?? 3, provider);
  const network = new Network(name, { range, zones, awsRegion, nat: region.size.nat }, opts);
  const balancer = new Balancer(
    name,
    {
      vpcId: network.vpcId,
      range,
      subnetIds: network.publicSubnetIds,
      targetType: region.size.instanceType === null ? "ip" : "instance",
      protect,
    },
    opts,
  );
  const group = nodeSecurityGroup(name, { vpcId: network.vpcId, balancerGroupId: balancer.securityGroupId }, opts);
  return { network, balancer, group };
}

function stores(frame: Frame, network: Network, group: aws.ec2.SecurityGroup, key: aws.kms.Key) {
  const { name, world, region, provider, protect } = frame;
  const inside = {
    vpcId: network.vpcId,
    subnetIds: network.isolatedSubnetIds,
    clientGroupId: group.id,
    keyArn: key.arn,
    protect,
    finalSnapshot: `${world.name}-${name}-final`,
  };
  const database = new Database(name, { ...inside, size: region.size.database }, { provider });
  const cache = new Cache(name, { ...inside, size: region.size.cache, user: cacheUser(world, region) }, { provider });
  return { database, cache };
}

function watch(
  { name, world, region, awsRegion, provider }: Frame,
  balancer: Balancer,
  database: Database,
  cache: Cache,
) {
  return new Alarms(
    name,
    {
      world: world.name,
      region: name,
      awsRegion,
      size: region.size,
      balancer: balancer.arnSuffix,
      targetGroups: balancer.targetGroups.map(({ port, group }) => ({ name: port.name, arnSuffix: group.arnSuffix })),
      database: database.dimensions,
      cache: cache.id,
      contacts: world.contacts.admin,
    },
    { provider },
  );
}

/** Where tasks run: behind NAT, or in public subnets with addresses of their own. */
function place(region: Region, network: Network, group: aws.ec2.SecurityGroup) {
  const publicAddresses = region.size.nat === "none";
  return {
    subnetIds: publicAddresses ? network.publicSubnetIds : network.privateSubnetIds,
    publicAddresses,
    securityGroupId: group.id,
  };
}

function renewals(
  frame: Frame,
  made: {
    readonly placement: ReturnType<typeof place>;
    readonly nodes: Nodes;
    readonly secret: aws.secretsmanager.Secret;
    readonly key: aws.kms.Key;
    readonly parts: TaskParts;
  },
): void {
  const { name, world, region, awsRegion, settings, provider } = frame;
  const domains = [region.domain, world.domains.global];
  const zoneIds = Object.fromEntries(domains.map((domain) => [domain, zoneId(frame, domain)]));
  new Certificates(
    name,
    {
      ...made.placement,
      world: world.name,
      region: name,
      domains,
      zoneIds,
      keyArn: made.key.arn,
      clusterArn: made.nodes.clusterArn,
      executionRoleArn: made.nodes.executionRoleArn,
      secret: made.secret,
      containers: renewalTask({
        awsRegion,
        domains,
        zoneIds,
        directoryUrl: settings.acmeDirectory ?? "https://acme-v02.api.letsencrypt.org/directory",
        contact: world.contacts.admin[0] ?? "",
        parts: made.parts,
      }),
    },
    { provider },
  );
}

function names(frame: Frame, balancer: Balancer): Dns {
  const { name, world, region, awsRegion, settings, provider } = frame;
  const zones = zoneDomains(world.domains);
  return new Dns(
    name,
    {
      region: name,
      awsRegion,
      domain: region.domain,
      globalDomain: world.domains.global,
      zoneId: zoneId(frame, region.domain),
      globalZoneId: zoneId(frame, world.domains.global),
      sameZone: zoneOf(region.domain, zones) === zoneOf(world.domains.global, zones),
      balancer,
      healthPort: 5222,
      drained: settings.drained ?? false,
    },
    { provider },
  );
}

function zoneId({ world, global }: Frame, domain: string): pulumi.Output<string> {
  const zone = zoneOf(domain, zoneDomains(world.domains)) ?? "";
  return pulumi.output(global.zoneIds).apply((ids) => ids[zone] ?? "");
}
