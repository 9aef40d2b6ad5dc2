// What is particular to each kind of resource: the shape of its id, what AWS answers, what can't be changed in place.

/** Values of a resource. */
export type Values = Readonly<Record<string, unknown>>;

export interface Kind {
  /** Prefix of ids that AWS gives; without one the id is the ARN or the name. */
  readonly prefix?: string;
  /** Where the id is the name or the ARN. */
  readonly idFrom?: "name" | "arn";
  /** Inputs whose change makes a new resource. */
  readonly replacing?: readonly string[];
  /** Most characters of a name that is made up from the resource's. */
  readonly nameInput?: { readonly input: string; readonly most: number };
  /** Answers beside the inputs. */
  readonly answers?: (context: { readonly id: string; readonly inputs: Values; readonly region: string }) => Values;
}

/** The account of the stand-in. */
export const account = "123456789012";

const named = (most: number) => ({ nameInput: { input: "name", most } });
const always = ["vpcId", "region"];

const kinds: Readonly<Record<string, Kind>> = {
  "ec2/vpc:Vpc": {
    prefix: "vpc",
    replacing: ["cidrBlock"],
    answers: ({ id }) => ({ ipv6CidrBlock: `2600:1f18:${id.slice(4, 8)}:ab00::/56` }),
  },
  "ec2/subnet:Subnet": { prefix: "subnet", replacing: ["cidrBlock", "availabilityZone", "ipv6CidrBlock"] },
  "ec2/internetGateway:InternetGateway": { prefix: "igw" },
  "ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": { prefix: "eigw" },
  "ec2/routeTable:RouteTable": { prefix: "rtb" },
  "ec2/route:Route": { prefix: "r-rtb", replacing: ["routeTableId", "destinationCidrBlock"] },
  "ec2/routeTableAssociation:RouteTableAssociation": { prefix: "rtbassoc", replacing: ["subnetId"] },
  "ec2/natGateway:NatGateway": { prefix: "nat", replacing: ["subnetId", "allocationId"] },
  "ec2/eip:Eip": {
    prefix: "eipalloc",
    replacing: ["domain"],
    answers: ({ id }) => ({ publicIp: `203.0.113.${Number.parseInt(id.slice(-2), 16)}` }),
  },
  "ec2/vpcEndpoint:VpcEndpoint": { prefix: "vpce", replacing: ["serviceName", "vpcEndpointType"] },
  "ec2/securityGroup:SecurityGroup": { prefix: "sg", replacing: ["description", "name"], ...named(255) },
  "ec2/defaultSecurityGroup:DefaultSecurityGroup": { prefix: "sg" },
  "ec2/launchTemplate:LaunchTemplate": { prefix: "lt", ...named(128), answers: () => ({ latestVersion: 1 }) },
  "ec2/flowLog:FlowLog": { prefix: "fl", replacing: ["trafficType", "logDestination", "iamRoleArn"] },
  "lb/loadBalancer:LoadBalancer": {
    idFrom: "arn",
    replacing: ["loadBalancerType", "name"],
    ...named(32),
    answers: ({ inputs, region }) => ({
      dnsName: `${inputs.name}.elb.${region}.amazonaws.com`,
      zoneId: "Z26RNL4JYFTOTI",
      arnSuffix: `net/${inputs.name}/1`,
    }),
  },
  "lb/targetGroup:TargetGroup": {
    idFrom: "arn",
    replacing: ["port", "protocol", "targetType", "name"],
    ...named(32),
    answers: ({ inputs }) => ({ arnSuffix: `targetgroup/${inputs.name}/1` }),
  },
  "lb/listener:Listener": { idFrom: "arn", replacing: ["loadBalancerArn"] },
  "rds/cluster:Cluster": {
    idFrom: "name",
    replacing: ["engine", "kmsKeyId", "storageEncrypted", "dbSubnetGroupName", "masterUsername", "databaseName"],
    nameInput: { input: "clusterIdentifier", most: 63 },
    answers: ({ id, region }) => ({ endpoint: `${id}.rds.${region}.amazonaws.com`, ...managedSecret(id, region) }),
  },
  "rds/clusterInstance:ClusterInstance": {
    idFrom: "name",
    replacing: ["clusterIdentifier", "engine"],
    nameInput: { input: "identifier", most: 63 },
  },
  "rds/instance:Instance": {
    idFrom: "name",
    replacing: ["engine", "kmsKeyId", "storageEncrypted", "username", "dbName"],
    nameInput: { input: "identifier", most: 63 },
    answers: ({ id, region }) => ({ address: `${id}.rds.${region}.amazonaws.com`, ...managedSecret(id, region) }),
  },
  "rds/subnetGroup:SubnetGroup": { idFrom: "name", replacing: ["name"], ...named(255) },
  "rds/parameterGroup:ParameterGroup": { idFrom: "name", replacing: ["family", "name"], ...named(255) },
  "rds/clusterParameterGroup:ClusterParameterGroup": { idFrom: "name", replacing: ["family", "name"], ...named(255) },
  "elasticache/replicationGroup:ReplicationGroup": {
    idFrom: "name",
    replacing: ["engine", "subnetGroupName", "kmsKeyId", "atRestEncryptionEnabled", "replicationGroupId"],
    nameInput: { input: "replicationGroupId", most: 40 },
    answers: ({ id, region }) => ({ primaryEndpointAddress: `master.${id}.cache.${region}.amazonaws.com` }),
  },
  "elasticache/subnetGroup:SubnetGroup": { idFrom: "name", replacing: ["name"], ...named(255) },
  "elasticache/parameterGroup:ParameterGroup": { idFrom: "name", replacing: ["family", "name"], ...named(255) },
  "elasticache/user:User": {
    idFrom: "name",
    replacing: ["userId", "userName"],
    nameInput: { input: "userId", most: 40 },
  },
  "elasticache/userGroup:UserGroup": {
    idFrom: "name",
    replacing: ["userGroupId"],
    nameInput: { input: "userGroupId", most: 40 },
  },
  "ecs/cluster:Cluster": { idFrom: "arn", replacing: ["name"], ...named(255) },
  "ecs/service:Service": { idFrom: "arn", replacing: ["cluster", "launchType", "name"], ...named(255) },
  "ecs/capacityProvider:CapacityProvider": { idFrom: "arn", replacing: ["name"], ...named(255) },
  "ecs/taskDefinition:TaskDefinition": {
    idFrom: "arn",
    replacing: ["family", "containerDefinitions", "cpu", "memory", "networkMode", "volumes", "taskRoleArn"],
  },
  "appautoscaling/target:Target": { replacing: ["resourceId", "scalableDimension", "serviceNamespace"] },
  "appautoscaling/policy:Policy": { replacing: ["resourceId", "name"], ...named(255) },
  "autoscaling/group:Group": { idFrom: "name", replacing: ["name"], ...named(255) },
  "route53/zone:Zone": {
    prefix: "Z",
    replacing: ["name"],
    answers: ({ id }) => ({ zoneId: id, nameServers: ["ns-1.example.net", "ns-2.example.net"] }),
  },
  "route53/record:Record": {
    replacing: ["zoneId", "name", "type", "setIdentifier"],
    answers: ({ inputs }) => ({ fqdn: inputs.name }),
  },
  "route53/healthCheck:HealthCheck": { replacing: ["type", "requestInterval"] },
  "iam/role:Role": { idFrom: "name", replacing: ["name"], ...named(64) },
  "iam/rolePolicy:RolePolicy": { replacing: ["role", "name"], ...named(128) },
  "iam/instanceProfile:InstanceProfile": { idFrom: "name", replacing: ["name"], ...named(128) },
  "kms/key:Key": { replacing: ["customerMasterKeySpec", "keyUsage", "multiRegion"] },
  "kms/replicaKey:ReplicaKey": { replacing: ["primaryKeyArn"] },
  "dynamodb/table:Table": { idFrom: "name", replacing: ["hashKey", "name"], ...named(255) },
  "ecr/repository:Repository": {
    idFrom: "name",
    replacing: ["name", "encryptionConfigurations"],
    ...named(256),
    answers: ({ inputs, region }) => ({
      repositoryUrl: `${account}.dkr.ecr.${region}.amazonaws.com/${inputs.name}`,
    }),
  },
  "ecr/lifecyclePolicy:LifecyclePolicy": { replacing: ["repository"] },
  "secretsmanager/secret:Secret": { idFrom: "arn", replacing: ["name"], ...named(512) },
  "sns/topic:Topic": { idFrom: "arn", replacing: ["name"], ...named(256) },
  "sns/topicSubscription:TopicSubscription": { idFrom: "arn", replacing: ["topic", "protocol", "endpoint"] },
  "cloudwatch/logGroup:LogGroup": { idFrom: "name", replacing: ["name"], ...named(512) },
  "cloudwatch/metricAlarm:MetricAlarm": { idFrom: "name", replacing: ["name"], ...named(255) },
  "scheduler/schedule:Schedule": { replacing: ["name"], ...named(64) },
  "acmpca/certificateAuthority:CertificateAuthority": {
    idFrom: "arn",
    replacing: ["certificateAuthorityConfiguration", "type", "usageMode"],
    answers: () => ({ certificateSigningRequest: "-----BEGIN CERTIFICATE REQUEST-----" }),
  },
  "acmpca/certificate:Certificate": {
    idFrom: "arn",
    replacing: ["certificateSigningRequest", "validity"],
    answers: () => ({ certificate: "-----BEGIN CERTIFICATE-----" }),
  },
};

/** What is particular to a type; most types have nothing particular. */
export function kindOf(type: string): Kind {
  const kind = kinds[type.replace(/^aws:/, "")] ?? {};
  return { ...kind, replacing: [...(kind.replacing ?? []), ...always] };
}

function managedSecret(id: string, region: string): Values {
  const secretArn = `arn:aws:secretsmanager:${region}:${account}:secret:rds!${id}`;
  return { masterUserSecrets: [{ secretArn, secretStatus: "active", kmsKeyId: "" }] };
}
