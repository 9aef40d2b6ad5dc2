// What the regions of a world share, as a parts list.
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { World } from "../../regions/world.ts";
import { Authority } from "../components/authority.ts";
import { Directory } from "../components/directory.ts";
import { Registry } from "../components/registry.ts";
import { Zone } from "../components/zone.ts";
import { zoneDomains } from "../dns-records.ts";

export interface GlobalSettings {
  /** AWS region of what is shared. Default: the first region's. */
  readonly home?: string;
  /** Whether stateful things refuse deletion. Default: true. */
  readonly protect?: boolean;
  /** The world's own certificate authority; `none` saves 50 USD a month. Default: `private`. */
  readonly authority?: "private" | "none";
}

/** What the regional stacks read of the global one. */
export interface GlobalOutputs {
  /** Domain of a zone → its id. */
  readonly zoneIds: pulumi.Input<Readonly<Record<string, string>>>;
  readonly repositoryUrl: pulumi.Input<string>;
  /** Multi-Region HMAC key from which every region derives the secrets that the world shares. */
  readonly worldKeyArn: pulumi.Input<string>;
  readonly directoryName: pulumi.Input<string>;
  readonly directoryArn: pulumi.Input<string>;
  readonly authorityArn: pulumi.Input<string>;
  /** PEM; empty: the world has no authority. */
  readonly authorityCertificate: pulumi.Input<string>;
}

/** Names of the outputs that a region's stack asks for. */
export const globalOutputNames = [
  "zoneIds",
  "repositoryUrl",
  "worldKeyArn",
  "directoryName",
  "directoryArn",
  "authorityArn",
  "authorityCertificate",
] as const satisfies readonly (keyof GlobalOutputs)[];

/** AWS region of what a world shares. */
export function homeOf(world: World, settings: { readonly home?: string }): string {
  return settings.home ?? world.regions[0]?.aws ?? "us-east-1";
}

/** Tags of everything a world owns. */
export function worldTags(world: World, region: string): Record<string, string> {
  return { Project: "meridian", World: world.name, Region: region };
}

/** Registers the resources of the global stack. */
export function globalProgram(world: World, settings: GlobalSettings = {}) {
  const protect = settings.protect ?? true;
  const home = homeOf(world, settings);
  const copies = [...new Set(world.regions.flatMap(({ aws }) => aws ?? []))].filter((region) => region !== home);
  const provider = new aws.Provider("aws", {
    region: home as aws.Region,
    defaultTags: { tags: worldTags(world, "global") },
  });

  const opts = { provider };
  const zones = zoneDomains(world.domains).map((domain) => ({
    domain,
    zone: new Zone(domain, { domain, protect }, opts),
  }));
  const registry = new Registry("images", { repository: `${world.name}/meridian`, copies }, opts);
  const worldKey = worldSecretKey(world, protect, provider);
  const directory = new Directory("accounts", { copies, protect }, opts);
  const authority =
    (settings.authority ?? "private") === "private"
      ? new Authority("authority", { world: world.name, protect }, opts)
      : undefined;

  return {
    home,
    zoneIds: Object.fromEntries(zones.map(({ domain, zone }) => [domain, zone.zoneId])),
    nameServers: Object.fromEntries(zones.map(({ domain, zone }) => [domain, zone.nameServers])),
    repositoryName: registry.name,
    repositoryUrl: registry.url,
    worldKeyArn: worldKey.arn,
    directoryName: directory.name,
    directoryArn: directory.arn,
    authorityArn: authority?.arn ?? "",
    authorityCertificate: authority?.certificate ?? "",
  };
}

/**
 * One HMAC key with a copy in every region: the dialback secret of XEP-0185 is a MAC that it makes, so every region
 * has the same secret, and no state file has any.
 */
function worldSecretKey(world: World, protect: boolean, provider: aws.Provider): aws.kms.Key {
  return new aws.kms.Key(
    "world-secret",
    {
      description: `Secrets shared by the regions of ${world.name}`,
      customerMasterKeySpec: "HMAC_256",
      keyUsage: "GENERATE_VERIFY_MAC",
      multiRegion: true,
      deletionWindowInDays: 30,
    },
    { provider, protect },
  );
}
