// The world's container images, copied to every AWS region that runs them.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Transform, transformed } from "../transform.ts";

export interface RegistryArgs {
  /** Name of the repository. */
  readonly repository: string;
  /** AWS regions that get a copy, without the registry's own. */
  readonly copies: readonly string[];
  readonly transform?: {
    readonly replicationConfiguration?: Transform<aws.ecr.ReplicationConfigurationArgs>;
    readonly lifecyclePolicy?: Transform<aws.ecr.LifecyclePolicyArgs>;
    readonly repository?: Transform<aws.ecr.RepositoryArgs>;
  };
}

/** A repository with fixed tags and scans. About 0.10 USD per GiB and month in each region. */
export class Registry extends pulumi.ComponentResource {
  readonly name: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  /** Address without the tag: account.dkr.ecr.region.amazonaws.com/name. */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meridian:infra:Registry", name, {}, opts);
    const repository = new aws.ecr.Repository(
      name,
      transformed<aws.ecr.RepositoryArgs>(
        {
          name: args.repository,
          imageTagMutability: "IMMUTABLE",
          imageScanningConfiguration: { scanOnPush: true },
          encryptionConfigurations: [{ encryptionType: "KMS" }],
        },
        args.transform?.repository,
      ),
      { parent: this },
    );
    new aws.ecr.LifecyclePolicy(
      name,
      transformed<aws.ecr.LifecyclePolicyArgs>(
        { repository: repository.name, policy: keepLast(50) },
        args.transform?.lifecyclePolicy,
      ),
      { parent: this },
    );
    if (args.copies.length > 0) this.replicate(name, args);
    this.name = repository.name;
    this.arn = repository.arn;
    this.url = repository.repositoryUrl;
    this.registerOutputs({ url: this.url });
  }

  private replicate(name: string, args: RegistryArgs): void {
    const registryId = aws.getCallerIdentityOutput({}, { parent: this }).accountId;
    const destinations = args.copies.map((region) => ({ region, registryId }));
    new aws.ecr.ReplicationConfiguration(
      name,
      transformed<aws.ecr.ReplicationConfigurationArgs>(
        {
          replicationConfiguration: {
            rules: [{ destinations, repositoryFilters: [{ filter: args.repository, filterType: "PREFIX_MATCH" }] }],
          },
        },
        args.transform?.replicationConfiguration,
      ),
      { parent: this },
    );
  }
}

function keepLast(count: number): string {
  const selection = { tagStatus: "any", countType: "imageCountMoreThan", countNumber: count };
  const rule = { rulePriority: 1, description: `Keep ${count} images`, selection, action: { type: "expire" } };
  return JSON.stringify({ rules: [rule] });
}
