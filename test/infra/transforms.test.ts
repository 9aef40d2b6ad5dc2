// Every child of every component can be changed by its transform.

import { expect, test } from "@jest/globals";
import * as aws from "@pulumi/aws";
import { Alarms } from "../../infra/components/alarms.ts";
import { Authority } from "../../infra/components/authority.ts";
import { Balancer } from "../../infra/components/balancer.ts";
import { Cache } from "../../infra/components/cache.ts";
import { Certificates, certificateSecret } from "../../infra/components/certificates.ts";
import { Database } from "../../infra/components/database.ts";
import { Directory } from "../../infra/components/directory.ts";
import { Dns } from "../../infra/components/dns.ts";
import { Network } from "../../infra/components/network.ts";
import { Nodes } from "../../infra/components/nodes.ts";
import { Registry } from "../../infra/components/registry.ts";
import { Zone } from "../../infra/components/zone.ts";
import { sizes } from "../../regions/sizes.ts";
import { record } from "./recorder.ts";

const where = { world: "w", region: "eu", awsRegion: "eu-central-1" };
const inside = { vpcId: "vpc", subnetIds: ["a", "b"], keyArn: "key", securityGroupId: "sg", publicAddresses: false };
const store = { ...inside, clientGroupId: "sg", finalSnapshot: "final" };
const logs = (name: string) => new aws.cloudwatch.LogGroup(name, {});
const size = sizes.large;

type Transform = Record<string, never>;

/** Each component with whatever it needs, and the number of resources that are none of its children. */
const components: Readonly<Record<string, readonly [make: (transform: Transform) => unknown, strangers: number]>> = {
  Alarms: [
    (transform) => {
      const targetGroups = [{ name: "c2s", arnSuffix: "t" }];
      const of = { balancer: "b", targetGroups, database: { DBClusterIdentifier: "d" }, cache: "c" };
      new Alarms("x", { ...where, ...of, size, contacts: ["mailto:a@example.org"], transform });
    },
    0,
  ],
  Authority: [(transform) => new Authority("x", { world: "w", transform }), 0],
  Balancer: [(transform) => new Balancer("x", { ...inside, range: "10.0.0.0/16", targetType: "ip", transform }), 0],
  Cache: [(transform) => new Cache("x", { ...store, size: size.cache, user: "w-eu", transform }), 0],
  Certificates: [
    (transform) => {
      const secret = certificateSecret("x", { keyArn: "key", protect: false }, {});
      const roles = { clusterArn: "c", executionRoleArn: "e", containers: "[]", secret };
      const names = { domains: ["example.org"], zoneIds: { "example.org": "Z" } };
      new Certificates("x", { ...where, ...inside, ...roles, ...names, transform });
    },
    1,
  ],
  "Database serverless": [(transform) => new Database("x", { ...store, size: size.database, transform }), 0],
  "Database instance": [(transform) => new Database("x", { ...store, size: sizes.small.database, transform }), 0],
  Directory: [(transform) => new Directory("x", { copies: ["us-east-1"], transform }), 0],
  Dns: [
    (transform) => {
      const zones = { zoneId: "Z", globalZoneId: "Z", sameZone: true };
      const names = { domain: "eu.example.org", globalDomain: "example.org", ...zones };
      new Dns("x", {
        ...where,
        ...names,
        balancer: { dnsName: "b", zoneId: "B" },
        healthPort: 5222,
        drained: false,
        transform,
      });
    },
    0,
  ],
  Network: [
    (transform) => new Network("x", { ...where, range: "10.0.0.0/16", zones: ["a", "b"], nat: "zone", transform }),
    0,
  ],
  "Nodes and Hosts": [
    (transform) => {
      const balancer = new Balancer("b", { ...inside, range: "10.0.0.0/16", targetType: "instance" });
      const groups = { logGroup: logs("n"), metricsLogGroup: logs("m") };
      const task = { containers: "[]", repositoryArn: "arn:aws:ecr:::r", permissions: [], alarmNames: [] };
      new Nodes("x", { ...where, ...inside, ...groups, ...task, size, balancer, transform });
    },
    // The balancer's own: a group, two addresses, itself, and two for each of five ports; and two log groups.
    1 + 2 + 1 + 2 * 5 + 2,
  ],
  Registry: [(transform) => new Registry("x", { repository: "r", copies: ["us-east-1"], transform }), 0],
  Zone: [(transform) => new Zone("x", { domain: "example.org", transform }), 0],
};

test.each(Object.entries(components))("%s", async (_, [make, strangers]) => {
  const calls: string[] = [];
  // Whatever kind is asked for has a transform; one of hosts has transforms of its own.
  const every = (): Transform =>
    new Proxy(
      {},
      {
        get: (_target, kind) => {
          if (kind === "hosts") return every();
          return (args: unknown) => {
            calls.push(String(kind));
            return args;
          };
        },
      },
    );
  const { resources } = await record(() => void make(every()));
  const own = resources.filter(({ type }) => type.startsWith("aws:"));
  expect(calls).toHaveLength(own.length - strangers);
});
