// The container definitions of a region's tasks, once everything they name is known.
import * as pulumi from "@pulumi/pulumi";
import type { Region, World } from "../../regions/world.ts";
import { nodeContainers, renewalContainers } from "../containers.ts";
import { nodeConfig } from "../node-config.ts";

/** What the tasks of a region name; each is known after its resource is. */
export interface TaskParts {
  readonly image: pulumi.Input<string>;
  readonly logGroup: pulumi.Input<string>;
  readonly metricsLogGroup: pulumi.Input<string>;
  readonly databaseHost: pulumi.Input<string>;
  readonly databaseSecret: pulumi.Input<string>;
  readonly certificateSecret: pulumi.Input<string>;
  readonly worldKey: pulumi.Input<string>;
  /** PEM; empty: none. */
  readonly worldAuthority: pulumi.Input<string>;
  readonly cacheId: pulumi.Input<string>;
  readonly cacheHost: pulumi.Input<string>;
}

/** Name of the nodes' user of Valkey. */
export function cacheUser(world: World, region: Region): string {
  return `${world.name}-${region.name}`;
}

/** The task of a node, as JSON. */
export function nodeTask(
  world: World,
  region: Region,
  awsRegion: string,
  balancerNetworks: readonly string[],
  parts: TaskParts,
): pulumi.Output<string> {
  return pulumi.output({ ...parts }).apply((known) =>
    JSON.stringify(
      nodeContainers({
        image: known.image,
        world: world.name,
        region: region.name,
        awsRegion,
        logGroup: known.logGroup,
        metricsLogGroup: known.metricsLogGroup,
        hostNetwork: region.size.instanceType !== null,
        keeper: { ...known, cacheUser: cacheUser(world, region) },
        config: nodeConfig(world, region, {
          database: known.databaseHost,
          cache: { host: known.cacheHost, user: cacheUser(world, region) },
          balancerNetworks,
          authority: known.worldAuthority !== "",
        }),
      }),
    ),
  );
}

/** The task that renews certificates, as JSON. */
export function renewalTask(args: {
  readonly awsRegion: string;
  readonly domains: readonly string[];
  readonly zoneIds: Readonly<Record<string, pulumi.Input<string>>>;
  readonly directoryUrl: string;
  readonly contact: string;
  readonly parts: Pick<TaskParts, "image" | "logGroup" | "certificateSecret">;
}): pulumi.Output<string> {
  const { awsRegion, domains, directoryUrl, contact } = args;
  const { image, logGroup, certificateSecret } = args.parts;
  return pulumi
    .all([image, logGroup, certificateSecret, pulumi.all({ ...args.zoneIds })])
    .apply(([image, logGroup, certificateSecret, zones]) =>
      JSON.stringify(
        renewalContainers({ image, awsRegion, logGroup, domains, zones, certificateSecret, directoryUrl, contact }),
      ),
    );
}
