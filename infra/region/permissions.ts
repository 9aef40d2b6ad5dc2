// What the nodes of a region may do in AWS: read their secrets, log in to Valkey, look up homes. Pure.
import * as pulumi from "@pulumi/pulumi";
import type { Statement } from "../iam.ts";

/** What nodes use, by ARN. */
export interface NodeResources {
  readonly databaseSecret: pulumi.Input<string>;
  readonly certificateSecret: pulumi.Input<string>;
  readonly dataKey: pulumi.Input<string>;
  readonly worldKey: pulumi.Input<string>;
  readonly cache: pulumi.Input<string>;
  readonly cacheUser: pulumi.Input<string>;
  readonly directory: pulumi.Input<string>;
  readonly awsRegion: string;
}

/** The statements of a node's task role. */
export function nodePermissions(resources: NodeResources): pulumi.Output<readonly Statement[]> {
  return pulumi.output({ ...resources }).apply((known) => [
    { actions: ["secretsmanager:GetSecretValue"], resources: [known.databaseSecret, known.certificateSecret] },
    { actions: ["kms:Decrypt"], resources: [known.dataKey] },
    { actions: ["kms:GenerateMac"], resources: [known.worldKey] },
    { actions: ["elasticache:Connect"], resources: [known.cache, known.cacheUser] },
    {
      actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
      resources: [inRegion(known.directory, known.awsRegion)],
    },
  ]);
}

/** The ARN of the same thing's copy in another AWS region. */
export function inRegion(arn: string, awsRegion: string): string {
  const parts = arn.split(":");
  parts[3] = awsRegion;
  return parts.join(":");
}
