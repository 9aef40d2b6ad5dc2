// Outputs of a global stack as a StackReference answers them, for tests of regional stacks.
import type { GlobalOutputs } from "../../infra/global/program.ts";
import type { World } from "../../regions/world.ts";

export function globalOf(world: World): GlobalOutputs {
  return {
    zoneIds: { [world.domains.global]: "Z-GLOBAL", [world.domains.regional]: "Z-REGIONAL" },
    repositoryUrl: "123456789012.dkr.ecr.us-east-1.amazonaws.com/example/meridian",
    worldKeyArn: "arn:aws:kms:us-east-1:123456789012:key/mrk-1",
    directoryName: "accounts",
    directoryArn: "arn:aws:dynamodb:us-east-1:123456789012:table/accounts",
    authorityArn: "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/1",
    authorityCertificate: "PEM",
  };
}
