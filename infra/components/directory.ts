// Where each account of the global domain is at home: one table, copied to every AWS region of the world.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Transform, transformed } from "../transform.ts";

export interface DirectoryArgs {
  /** AWS regions that get a copy, without the table's own. */
  readonly copies: readonly string[];
  /** Default: true. */
  readonly protect?: boolean;
  readonly transform?: { readonly table?: Transform<aws.dynamodb.TableArgs> };
}

/** A global table of DynamoDB, paid by use: cents a month for each copy of a world of 100,000 accounts. */
export class Directory extends pulumi.ComponentResource {
  readonly name: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: DirectoryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meridian:infra:Directory", name, {}, opts);
    const protect = args.protect ?? true;
    const table = new aws.dynamodb.Table(
      name,
      transformed<aws.dynamodb.TableArgs>(
        {
          billingMode: "PAY_PER_REQUEST",
          hashKey: "account",
          attributes: [{ name: "account", type: "S" }],
          streamEnabled: true,
          streamViewType: "NEW_AND_OLD_IMAGES",
          pointInTimeRecovery: { enabled: true },
          serverSideEncryption: { enabled: true },
          deletionProtectionEnabled: protect,
          replicas: args.copies.map((regionName) => ({
            regionName,
            pointInTimeRecovery: true,
            propagateTags: true,
            deletionProtectionEnabled: protect,
          })),
        },
        args.transform?.table,
      ),
      { parent: this, protect },
    );
    this.name = table.name;
    this.arn = table.arn;
    this.registerOutputs({ name: this.name });
  }
}
