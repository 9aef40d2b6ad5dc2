// What a stack is told by its configuration: which world file, and what differs from the defaults.
import type * as pulumi from "@pulumi/pulumi";
import { loadWorld, type World } from "../regions/world.ts";

/** The world file of the project's configuration; paths are relative to the project's folder. */
export function configuredWorld(config: pulumi.Config): World {
  return loadWorld(config.require("world"));
}

/** The value of a setting when it is given, as a part of an object. */
export function given<K extends string, T>(key: K, value: T | undefined): { [P in K]?: NonNullable<T> } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: NonNullable<T> };
}
