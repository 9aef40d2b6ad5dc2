// The world's certificate authority, by which its regions know one another: its key never leaves AWS.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Transform, transformed } from "../transform.ts";

export interface AuthorityArgs {
  readonly world: string;
  /** Default: true. */
  readonly protect?: boolean;
  readonly transform?: {
    readonly installed?: Transform<aws.acmpca.CertificateAuthorityCertificateArgs>;
    readonly certificate?: Transform<aws.acmpca.CertificateArgs>;
    readonly authority?: Transform<aws.acmpca.CertificateAuthorityArgs>;
  };
}

const arnOfTemplate = "arn:aws:acm-pca:::template/RootCACertificate/V1";
const algorithm = "SHA256WITHECDSA";

/** AWS Private CA for certificates of up to 7 days: 50 USD a month. */
export class Authority extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** The root's certificate, PEM. */
  readonly certificate: pulumi.Output<string>;

  constructor(name: string, args: AuthorityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meridian:infra:Authority", name, {}, opts);
    const authority = new aws.acmpca.CertificateAuthority(
      name,
      transformed<aws.acmpca.CertificateAuthorityArgs>(
        {
          type: "ROOT",
          usageMode: "SHORT_LIVED_CERTIFICATE",
          keyStorageSecurityStandard: "FIPS_140_2_LEVEL_3_OR_HIGHER",
          permanentDeletionTimeInDays: 30,
          certificateAuthorityConfiguration: {
            keyAlgorithm: "EC_prime256v1",
            signingAlgorithm: algorithm,
            subject: { commonName: `Meridian ${args.world}`, organization: args.world },
          },
        },
        args.transform?.authority,
      ),
      { parent: this, protect: args.protect ?? true },
    );
    const root = new aws.acmpca.Certificate(
      name,
      transformed<aws.acmpca.CertificateArgs>(
        {
          certificateAuthorityArn: authority.arn,
          certificateSigningRequest: authority.certificateSigningRequest,
          signingAlgorithm: algorithm,
          templateArn: arnOfTemplate,
          validity: { type: "YEARS", value: "10" },
        },
        args.transform?.certificate,
      ),
      { parent: this },
    );
    new aws.acmpca.CertificateAuthorityCertificate(
      name,
      transformed<aws.acmpca.CertificateAuthorityCertificateArgs>(
        { certificateAuthorityArn: authority.arn, certificate: root.certificate },
        args.transform?.installed,
      ),
      { parent: this },
    );
    this.arn = authority.arn;
    this.certificate = root.certificate;
    this.registerOutputs({ arn: this.arn });
  }
}
