// A hosted zone of the world, and who may issue certificates within it.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Transform, transformed } from "../transform.ts";

export interface ZoneArgs {
  readonly domain: string;
  /** Certificate authority that CAA allows (RFC 8659). Default: letsencrypt.org. */
  readonly issuer?: string;
  /** Default: true. */
  readonly protect?: boolean;
  readonly transform?: {
    readonly record?: Transform<aws.route53.RecordArgs>;
    readonly zone?: Transform<aws.route53.ZoneArgs>;
  };
}

/** A public hosted zone: 0.50 USD a month, and 0.40 USD per million queries. */
export class Zone extends pulumi.ComponentResource {
  readonly zoneId: pulumi.Output<string>;
  /** To be entered at the domain's registrar. */
  readonly nameServers: pulumi.Output<string[]>;

  constructor(name: string, args: ZoneArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meridian:infra:Zone", name, {}, opts);
    const zone = new aws.route53.Zone(
      name,
      transformed<aws.route53.ZoneArgs>({ name: args.domain, comment: "Meridian" }, args.transform?.zone),
      { parent: this, protect: args.protect ?? true },
    );
    const issuer = args.issuer ?? "letsencrypt.org";
    new aws.route53.Record(
      `${name}-caa`,
      transformed<aws.route53.RecordArgs>(
        {
          zoneId: zone.zoneId,
          name: args.domain,
          type: "CAA",
          ttl: 3600,
          records: [`0 issue "${issuer}"`, '0 issuewild ";"'],
        },
        args.transform?.record,
      ),
      { parent: this },
    );
    this.zoneId = zone.zoneId;
    this.nameServers = zone.nameServers;
    this.registerOutputs({ zoneId: this.zoneId, nameServers: this.nameServers });
  }
}
