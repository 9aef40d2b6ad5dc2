// Rules that every planned resource must keep, as functions: used by tests, and by `meridian rollout plan`.
import { actionsWithoutResource } from "./iam.ts";
import { openPorts } from "./ports.ts";

/** A resource as it is planned. */
export interface PlannedResource {
  /** Pulumi's type, such as `aws:rds/cluster:Cluster`. */
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** A rule that a resource breaks. */
export interface Finding {
  readonly policy: string;
  readonly resource: string;
  readonly message: string;
}

/** What one policy says of one resource: what is wrong, or nothing. */
export interface Policy {
  readonly name: string;
  readonly check: (resource: PlannedResource) => readonly string[];
}

/** What breaks the rules, of all that is planned. */
export function findings(resources: readonly PlannedResource[]): Finding[] {
  return resources.flatMap((resource) =>
    policies.flatMap(({ name, check }) =>
      check(resource).map((message) => ({ policy: name, resource: `${resource.type} ${resource.name}`, message })),
    ),
  );
}

/** Types whose loss loses data. */
export const statefulTypes: ReadonlySet<string> = new Set([
  "aws:rds/cluster:Cluster",
  "aws:rds/instance:Instance",
  "aws:elasticache/replicationGroup:ReplicationGroup",
  "aws:dynamodb/table:Table",
  "aws:kms/key:Key",
  "aws:kms/replicaKey:ReplicaKey",
  "aws:secretsmanager/secret:Secret",
  "aws:route53/zone:Zone",
  "aws:ecr/repository:Repository",
  "aws:acmpca/certificateAuthority:CertificateAuthority",
  // Its addresses are in other people's firewalls.
  "aws:ec2/eip:Eip",
]);

const databases = new Set(["aws:rds/cluster:Cluster", "aws:rds/instance:Instance"]);
const cacheType = "aws:elasticache/replicationGroup:ReplicationGroup";
const groupType = "aws:ec2/securityGroup:SecurityGroup";

export const policies: readonly Policy[] = [
  { name: "no public database", check: publicDatabase },
  { name: "TLS to the cache", check: cacheTls },
  { name: "TLS to the database", check: databaseTls },
  { name: "encryption at rest", check: encryption },
  { name: "no secret in plain text", check: plainSecret },
  { name: "deletion protection", check: protection },
  { name: "a fixed image", check: fixedImage },
  { name: "no open port the design does not name", check: openPort },
  { name: "no wildcard permission", check: wildcard },
];

function publicDatabase({ type, inputs }: PlannedResource): string[] {
  const isInstance = type === "aws:rds/instance:Instance" || type === "aws:rds/clusterInstance:ClusterInstance";
  return isInstance && inputs.publiclyAccessible !== false ? ["publiclyAccessible is not false"] : [];
}

function cacheTls({ type, inputs }: PlannedResource): string[] {
  if (type !== cacheType) return [];
  const problems: string[] = [];
  if (inputs.transitEncryptionEnabled !== true || inputs.transitEncryptionMode !== "required")
    problems.push("TLS is not required");
  if (!nonEmpty(inputs.userGroupIds)) problems.push("no users: everybody who reaches it may do everything");
  return problems;
}

function databaseTls({ type, inputs }: PlannedResource): string[] {
  if (!/^aws:rds\/(clusterP|p)arameterGroup:/.test(type)) return [];
  const forced = list(inputs.parameters).some(
    (parameter) => parameter.name === "rds.force_ssl" && String(parameter.value) === "1",
  );
  return forced ? [] : ["rds.force_ssl is not 1"];
}

function encryption({ type, inputs }: PlannedResource): string[] {
  if (databases.has(type) && (inputs.storageEncrypted !== true || !inputs.kmsKeyId))
    return ["storage is not encrypted by a key of ours"];
  if (type === cacheType && inputs.atRestEncryptionEnabled !== true) return ["snapshots are not encrypted"];
  if (type === "aws:dynamodb/table:Table" && object(inputs.serverSideEncryption).enabled !== true)
    return ["the table is not encrypted"];
  if (type === "aws:sns/topic:Topic" && !inputs.kmsMasterKeyId) return ["the topic is not encrypted"];
  return [];
}

/** Inputs that would put a secret into the state; `…Wo` too, for Pulumi's bridge stores them (its issue 3201). */
const secretInputs = /^(masterPassword|password|passwords|authToken|secretString|secretBinary)(s?Wo)?$/;

function plainSecret({ type, inputs }: PlannedResource): string[] {
  const problems = Object.keys(inputs)
    .filter((key) => secretInputs.test(key) && inputs[key] !== undefined)
    .map((key) => `${key} is given: it would be kept in the state`);
  if (databases.has(type) && inputs.manageMasterUserPassword !== true)
    problems.push("the password is not managed by AWS");
  if (type !== "aws:ecs/taskDefinition:TaskDefinition") return problems;
  for (const container of containersOf(inputs))
    for (const variable of list(container.environment))
      if (/PASSWORD|TOKEN|PRIVATE/i.test(String(variable.name)) || /:\/\/[^/@:]*:[^/@]+@/.test(String(variable.value)))
        problems.push(`container ${container.name} has a secret in ${variable.name}`);
  return problems;
}

function protection({ type, inputs }: PlannedResource): string[] {
  const problems: string[] = [];
  if (databases.has(type)) {
    if (inputs.deletionProtection !== true) problems.push("deletionProtection is off");
    if (inputs.skipFinalSnapshot !== false || !inputs.finalSnapshotIdentifier)
      problems.push("a deletion leaves no snapshot");
    if (Number(inputs.backupRetentionPeriod ?? 0) < 7) problems.push("backups are kept for less than 7 days");
  }
  if (type === cacheType && !inputs.finalSnapshotIdentifier) problems.push("a deletion leaves no snapshot");
  if (type === "aws:dynamodb/table:Table" && inputs.deletionProtectionEnabled !== true)
    problems.push("deletionProtectionEnabled is off");
  if (type === "aws:lb/loadBalancer:LoadBalancer" && inputs.enableDeletionProtection !== true)
    problems.push("enableDeletionProtection is off");
  return problems;
}

function fixedImage({ type, inputs }: PlannedResource): string[] {
  if (type === "aws:ecr/repository:Repository" && inputs.imageTagMutability !== "IMMUTABLE")
    return ["tags of the repository can be moved"];
  if (type !== "aws:ecs/taskDefinition:TaskDefinition") return [];
  return containersOf(inputs)
    .filter(({ image }) => !/(@sha256:[0-9a-f]{64}|:(?!latest$)[\w][\w.-]*)$/.test(String(image)))
    .map(({ name, image }) => `container ${name} runs ${image}, which can change`);
}

function openPort({ type, name, inputs }: PlannedResource): string[] {
  if (type !== groupType) return [];
  const allowed = new Set(openPorts.map((port) => port.listen));
  return list(inputs.ingress)
    .filter((rule) => [...texts(rule.cidrBlocks), ...texts(rule.ipv6CidrBlocks)].some(isEverybody))
    .filter((rule) => {
      const one = rule.protocol === "tcp" && rule.fromPort === rule.toPort;
      return !one || !allowed.has(Number(rule.fromPort)) || !name.endsWith("-balancer");
    })
    .map((rule) => `everybody may reach ${rule.protocol} ${rule.fromPort}-${rule.toPort}`);
}

function wildcard({ type, inputs }: PlannedResource): string[] {
  if (!/^aws:iam\/(role|user|group)?[pP]olicy:/.test(type)) return [];
  return documentStatements(inputs.policy).flatMap((statement) => {
    const actions = texts(statement.Action);
    const problems = actions.filter((action) => action.includes("*")).map((action) => `action ${action}`);
    const everything = texts(statement.Resource).includes("*");
    const needless = actions.filter((action) => everything && !actionsWithoutResource.has(action));
    return [...problems, ...needless.map((action) => `${action} on every resource`)];
  });
}

function documentStatements(policy: unknown): Readonly<Record<string, unknown>>[] {
  const document = typeof policy === "string" ? parse(policy) : policy;
  return list(object(document).Statement);
}

function containersOf(inputs: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>[] {
  const definitions = inputs.containerDefinitions;
  return typeof definitions === "string" ? list(parse(definitions)) : [];
}

/** What is not known before the update is no JSON yet: there is nothing to say of it. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isEverybody(range: string): boolean {
  return range === "0.0.0.0/0" || range === "::/0";
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function list(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(object) : [];
}

function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === "string");
}

function nonEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}
