// Pulumi's entry of one region: the stack's name is the region's, its configuration names the world and the global stack.
import * as pulumi from "@pulumi/pulumi";
import { regionOf } from "../../regions/world.ts";
import { type GlobalOutputs, globalOutputNames } from "../global/program.ts";
import { configuredWorld, given, stackRegion } from "../settings.ts";
import { regionProgram } from "./program.ts";

const config = new pulumi.Config();
const { world: configured, file } = configuredWorld(config);
const reference = new pulumi.StackReference(config.require("global"));
const global = Object.fromEntries(globalOutputNames.map((name) => [name, reference.requireOutput(name)]));

const outputs = regionProgram(
  configured,
  regionOf(configured, stackRegion(config)),
  global as unknown as GlobalOutputs,
  {
    ...given("home", config.get("home")),
    ...given("protect", config.getBoolean("protect")),
    ...given("acmeDirectory", config.get("acmeDirectory")),
    ...given("drained", config.getBoolean("drained")),
    ...given("logDays", config.getNumber("logDays")),
  },
);

export const { domain, image, addresses, balancer, cluster, service, healthCheck, alarmTopic } = outputs;
/** The world file this stack was last changed to: what a rollout goes back to. */
export const world = file;
