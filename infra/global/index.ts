// Pulumi's entry of what the regions of a world share; its configuration names the world file.
import * as pulumi from "@pulumi/pulumi";
import { configuredWorld, given } from "../settings.ts";
import { globalProgram } from "./program.ts";

const config = new pulumi.Config();
const authority = config.get("authority");
if (authority !== undefined && authority !== "private" && authority !== "none")
  throw new pulumi.RunError(`authority: "private" or "none", not "${authority}"`);

const outputs = globalProgram(configuredWorld(config).world, {
  ...given("home", config.get("home")),
  ...given("protect", config.getBoolean("protect")),
  ...(authority && { authority }),
});

export const {
  home,
  zoneIds,
  nameServers,
  repositoryName,
  repositoryUrl,
  worldKeyArn,
  directoryName,
  directoryArn,
  authorityArn,
  authorityCertificate,
} = outputs;
