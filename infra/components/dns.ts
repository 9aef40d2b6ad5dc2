// The names of a region: its own domain's records, and its share of the global domain, where the nearest region answers.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { hostOf, services, serviceValue } from "../dns-records.ts";
import { type Transform, transformed } from "../transform.ts";

export interface DnsArgs {
  /** Name of the region; tells its latency records from those of others. */
  readonly region: string;
  readonly awsRegion: string;
  readonly domain: string;
  readonly globalDomain: string;
  /** Zone of the regional domain. */
  readonly zoneId: pulumi.Input<string>;
  /** Zone of the global domain. */
  readonly globalZoneId: pulumi.Input<string>;
  /** Whether both domains lie in one zone, so that an alias may lead from one to the other. */
  readonly sameZone: boolean;
  readonly balancer: { readonly dnsName: pulumi.Input<string>; readonly zoneId: pulumi.Input<string> };
  /** Port whose answer means that the region is well. */
  readonly healthPort: number;
  /** Counts the region as ill, so that the global domain's answers leave it out. */
  readonly drained: boolean;
  readonly transform?: {
    readonly record?: Transform<aws.route53.RecordArgs>;
    readonly healthCheck?: Transform<aws.route53.HealthCheckArgs>;
  };
}

/**
 * Regional A, AAAA and SRV records; for the global domain latency records of A, AAAA and SRV, each with a health
 * check, so that a region that fails is left out of the answers within about 90 seconds. About 1 USD a month.
 */
export class Dns extends pulumi.ComponentResource {
  readonly healthCheckId: pulumi.Output<string>;

  private readonly name: string;
  private readonly args: DnsArgs;

  constructor(name: string, args: DnsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meridian:infra:Dns", name, {}, opts);
    this.name = name;
    this.args = args;

    const check = this.healthCheck();
    this.healthCheckId = check.id;
    this.regionalAddresses();
    const regional = this.regionalServices();
    this.globalAddresses();
    this.globalServices(regional);
    this.registerOutputs({ healthCheckId: this.healthCheckId });
  }

  private healthCheck(): aws.route53.HealthCheck {
    const args = transformed<aws.route53.HealthCheckArgs>(
      {
        type: "TCP",
        fqdn: this.args.balancer.dnsName,
        port: this.args.healthPort,
        requestInterval: 30,
        failureThreshold: 3,
        invertHealthcheck: this.args.drained,
        tags: { Name: `${this.name} ${this.args.domain}` },
      },
      this.args.transform?.healthCheck,
    );
    return new aws.route53.HealthCheck(this.name, args, { parent: this });
  }

  private regionalAddresses(): void {
    for (const [label, host] of [["domain", this.args.domain] as const, ["host", hostOf(this.args.domain)] as const])
      for (const type of ["A", "AAAA"] as const)
        this.record(`${label}-${type.toLowerCase()}`, this.args.zoneId, host, type, { aliases: [this.balancer()] });
  }

  private regionalServices(): Map<string, aws.route53.Record> {
    const { domain, zoneId } = this.args;
    return new Map(
      services.map((service) => [
        service.service,
        this.record(label(service.service), zoneId, `${service.service}.${domain}`, "SRV", {
          ttl: 300,
          records: [serviceValue(service, domain)],
        }),
      ]),
    );
  }

  private globalAddresses(): void {
    const { globalDomain, globalZoneId } = this.args;
    for (const [label, host] of [["domain", globalDomain] as const, ["host", hostOf(globalDomain)] as const])
      for (const type of ["A", "AAAA"] as const)
        this.record(`global-${label}-${type.toLowerCase()}`, globalZoneId, host, type, {
          ...this.nearest(),
          aliases: [this.balancer()],
        });
  }

  /**
   * The nearest region's services. An alias needs its target in the same zone; where the regional domain lies in
   * another one the values are written out.
   */
  private globalServices(regional: ReadonlyMap<string, aws.route53.Record>): void {
    const { domain, globalDomain, globalZoneId, sameZone } = this.args;
    for (const service of services) {
      const target = regional.get(service.service);
      const answer: Partial<aws.route53.RecordArgs> =
        sameZone && target
          ? { aliases: [{ name: target.fqdn, zoneId: globalZoneId, evaluateTargetHealth: true }] }
          : { ttl: 60, records: [serviceValue(service, domain)] };
      const host = `${service.service}.${globalDomain}`;
      this.record(`global-${label(service.service)}`, globalZoneId, host, "SRV", { ...this.nearest(), ...answer });
    }
  }

  private nearest(): Partial<aws.route53.RecordArgs> {
    return {
      setIdentifier: this.args.region,
      latencyRoutingPolicies: [{ region: this.args.awsRegion }],
      healthCheckId: this.healthCheckId,
    };
  }

  private balancer() {
    const { dnsName, zoneId } = this.args.balancer;
    return { name: dnsName, zoneId, evaluateTargetHealth: true };
  }

  private record(
    label: string,
    zoneId: pulumi.Input<string>,
    host: string,
    type: "A" | "AAAA" | "SRV",
    answer: Partial<aws.route53.RecordArgs>,
  ): aws.route53.Record {
    const args = transformed<aws.route53.RecordArgs>(
      { zoneId, name: host, type, ...answer },
      this.args.transform?.record,
    );
    return new aws.route53.Record(`${this.name}-${label}`, args, { parent: this });
  }
}

/** `_xmpp-client._tcp` as part of a resource's name. */
function label(service: string): string {
  return `srv-${service.replace(/^_/, "").replace("._tcp", "")}`;
}
