// What a stack is told by its configuration: which world file, and what differs from the defaults.
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { loadWorld, type World } from "../regions/world.ts";

/** Variable that names another world file than the configuration: a rollout's, for one run. */
export const worldOverride = "MERIDIAN_WORLD_FILE";

/** A world, and its file's value as it was written. */
export interface ConfiguredWorld {
  readonly world: World;
  readonly file: unknown;
}

/**
 * The world file of the project's configuration; paths are relative to the project's folder.
 * @throws WorldError with every mistake
 */
export function configuredWorld(config: pulumi.Config): ConfiguredWorld {
  const path = process.env[worldOverride] ?? config.require("world");
  return { world: loadWorld(path), file: JSON.parse(readFileSync(path, "utf8")) };
}

/** The value of a setting when it is given, as a part of an object. */
export function given<K extends string, T>(key: K, value: T | undefined): { [P in K]?: NonNullable<T> } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: NonNullable<T> };
}

/** The name of this stack, where a setting does not say another. */
export function stackRegion(config: pulumi.Config): string {
  return config.get("region") ?? pulumi.getStack();
}
