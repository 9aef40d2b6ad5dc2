// The stand-in refuses what AWS would: a test that passes before it says something of the programs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Cloud, Refusal } from "./cloud.ts";

let folder: string;
let cloud: Cloud;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stand-in-"));
  cloud = new Cloud(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const vpc = () => cloud.create("aws:ec2/vpc:Vpc", "v", { cidrBlock: "10.0.0.0/16" }, "eu-west-1");
const subnet = (vpcId: string, cidrBlock: string) =>
  cloud.create("aws:ec2/subnet:Subnet", "s", { vpcId, cidrBlock }, "eu-west-1");

test("inputs that a type does not have, and inputs that are missing", () => {
  const reasons = (type: string, inputs: object) => cloud.malformed(type, { ...inputs }).map(({ reason }) => reason);
  expect(reasons("aws:ec2/vpc:Vpc", { cidr: "10.0.0.0/16" })).toEqual(["aws:ec2/vpc:Vpc has no input cidr"]);
  expect(reasons("aws:lb/listener:Listener", {})).toEqual([
    "aws:lb/listener:Listener needs defaultActions",
    "aws:lb/listener:Listener needs loadBalancerArn",
  ]);
  expect(reasons("aws:ec2/vpcc:Vpcc", {})).toEqual(["no type aws:ec2/vpcc:Vpcc"]);
});

test("names that are too long", () => {
  const name = "a".repeat(33);
  expect(cloud.malformed("aws:lb/targetGroup:TargetGroup", { name })).toHaveLength(1);
  expect(cloud.malformed("aws:lb/targetGroup:TargetGroup", { name: name.slice(1) })).toHaveLength(0);
});

test("ids that belong to nothing", () => {
  expect(() => subnet("vpc-0123456789abcdef0", "10.0.0.0/24")).toThrow(/does not exist/);
  const roleArn = "arn:aws:iam:eu-west-1:123456789012:Role/nobody";
  expect(() =>
    cloud.create(
      "aws:ecs/taskDefinition:TaskDefinition",
      "t",
      { family: "f", containerDefinitions: "[]", taskRoleArn: roleArn },
      "eu-west-1",
    ),
  ).toThrow(Refusal);
});

test("subnets that overlap, or lie outside their network", () => {
  const { id } = vpc();
  subnet(id, "10.0.0.0/24");
  expect(() => subnet(id, "10.0.0.128/25")).toThrow(/InvalidSubnet.Conflict/);
  expect(() => subnet(id, "10.1.0.0/24")).toThrow(/InvalidSubnet.Range/);
  subnet(vpc().id, "10.0.0.0/24");
});

test("deleting what is in use, or protected", () => {
  const network = vpc();
  const inside = subnet(network.id, "10.0.0.0/24");
  expect(() => cloud.delete(network.type, network.id)).toThrow(/DependencyViolation/);
  cloud.delete(inside.type, inside.id);
  cloud.delete(network.type, network.id);
  expect(cloud.all()).toEqual([]);
  const table = cloud.create("aws:dynamodb/table:Table", "t", { deletionProtectionEnabled: true }, "eu-west-1");
  expect(() => cloud.delete(table.type, table.id)).toThrow(/protected/);
});
