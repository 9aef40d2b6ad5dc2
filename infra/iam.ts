// Permission documents of IAM as plain data: who may do what to which resource. Pure.

/** One statement; actions and resources are named, never all. */
export interface Statement {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** Actions that AWS offers for all resources only (Service Authorization Reference). */
export const actionsWithoutResource: ReadonlySet<string> = new Set([
  "ecr:GetAuthorizationToken",
  "ec2:DescribeInstances",
  "ecs:CreateCluster",
  "ecs:DiscoverPollEndpoint",
  "route53:ListHostedZonesByName",
]);

/** A policy document of these statements. */
export function policyDocument(statements: readonly Statement[]): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.map(({ actions, resources, conditions }) => ({
      Effect: "Allow",
      Action: actions,
      Resource: resources,
      ...(conditions && { Condition: conditions }),
    })),
  });
}

/** The document that lets one AWS service take on a role. */
export function trustService(service: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: service } }],
  });
}
