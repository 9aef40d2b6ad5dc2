import { expect, test } from "@jest/globals";
import { findings, type PlannedResource } from "./policies.ts";

const container = (more: object) => JSON.stringify([{ name: "server", image: "example.org/meridian:0.1.0", ...more }]);
const task = (more: object) => ({
  type: "aws:ecs/taskDefinition:TaskDefinition",
  inputs: { containerDefinitions: container(more) },
});
const database = {
  storageEncrypted: true,
  kmsKeyId: "key",
  manageMasterUserPassword: true,
  deletionProtection: true,
  skipFinalSnapshot: false,
  finalSnapshotIdentifier: "final",
  backupRetentionPeriod: 14,
};
const policy = (statement: object) => ({
  type: "aws:iam/rolePolicy:RolePolicy",
  inputs: { policy: JSON.stringify({ Statement: [statement] }) },
});
const group = (name: string, rule: object) => ({
  type: "aws:ec2/securityGroup:SecurityGroup",
  name,
  inputs: { ingress: [{ protocol: "tcp", fromPort: 5222, toPort: 5222, cidrBlocks: ["0.0.0.0/0"], ...rule }] },
});

const broken: [policy: string, Partial<PlannedResource> & Pick<PlannedResource, "type" | "inputs">][] = [
  ["no public database", { type: "aws:rds/clusterInstance:ClusterInstance", inputs: { publiclyAccessible: true } }],
  ["no public database", { type: "aws:rds/clusterInstance:ClusterInstance", inputs: {} }],
  ["TLS to the cache", cache({ transitEncryptionMode: "preferred" })],
  ["TLS to the cache", cache({ userGroupIds: [] })],
  ["TLS to the database", { type: "aws:rds/parameterGroup:ParameterGroup", inputs: { parameters: [] } }],
  ["encryption at rest", { type: "aws:rds/cluster:Cluster", inputs: { ...database, kmsKeyId: undefined } }],
  ["encryption at rest", cache({ atRestEncryptionEnabled: false })],
  ["encryption at rest", { type: "aws:sns/topic:Topic", inputs: {} }],
  ["no secret in plain text", { type: "aws:rds/cluster:Cluster", inputs: { ...database, masterPasswordWo: "x" } }],
  [
    "no secret in plain text",
    { type: "aws:rds/cluster:Cluster", inputs: { ...database, manageMasterUserPassword: false } },
  ],
  ["no secret in plain text", { type: "aws:elasticache/user:User", inputs: { passwords: ["x"] } }],
  ["no secret in plain text", task({ environment: [{ name: "URL", value: "postgres://u:p@host/db" }] })],
  ["no secret in plain text", task({ environment: [{ name: "PGPASSWORD", value: "x" }] })],
  ["deletion protection", { type: "aws:rds/cluster:Cluster", inputs: { ...database, deletionProtection: false } }],
  ["deletion protection", { type: "aws:rds/cluster:Cluster", inputs: { ...database, skipFinalSnapshot: true } }],
  ["deletion protection", { type: "aws:lb/loadBalancer:LoadBalancer", inputs: {} }],
  ["a fixed image", task({ image: "example.org/meridian:latest" })],
  ["a fixed image", task({ image: "localhost:5000/meridian" })],
  ["a fixed image", { type: "aws:ecr/repository:Repository", inputs: {} }],
  ["no open port the design does not name", group("eu-balancer", { fromPort: 22, toPort: 22 })],
  ["no open port the design does not name", group("eu-balancer", { toPort: 5300 })],
  ["no open port the design does not name", group("eu-balancer", { protocol: "-1" })],
  ["no open port the design does not name", group("eu-nodes", {})],
  ["no open port the design does not name", group("eu-nodes", { cidrBlocks: [], ipv6CidrBlocks: ["::/0"] })],
  ["no wildcard permission", policy({ Action: ["s3:*"], Resource: ["arn:aws:s3:::x"] })],
  ["no wildcard permission", policy({ Action: "s3:GetObject", Resource: "*" })],
];

test.each(broken)("%s: %j", (name, resource) => {
  const found = findings([{ name: "eu", ...resource }]);
  expect(found.map((finding) => finding.policy)).toEqual([name]);
});

test("what keeps the rules is not found, nor what is not known before the update", () => {
  const fine: PlannedResource[] = [
    { name: "eu", type: "aws:rds/cluster:Cluster", inputs: database },
    { name: "eu", ...cache({}) },
    { name: "eu", ...task({}) },
    { name: "eu", ...task({ image: `example.org/meridian@sha256:${"a".repeat(64)}` }) },
    { name: "eu", type: "aws:ecs/taskDefinition:TaskDefinition", inputs: { containerDefinitions: "unknown" } },
    group("eu-balancer", {}),
    { name: "eu", ...policy({ Action: ["ecr:GetAuthorizationToken"], Resource: ["*"] }) },
  ];
  expect(findings(fine)).toEqual([]);
});

function cache(more: object) {
  return {
    type: "aws:elasticache/replicationGroup:ReplicationGroup",
    inputs: {
      transitEncryptionEnabled: true,
      transitEncryptionMode: "required",
      userGroupIds: ["users"],
      atRestEncryptionEnabled: true,
      finalSnapshotIdentifier: "final",
      ...more,
    },
  };
}
