// Rolls out on a world that runs on this machine, by whatever controls its processes.
import { isDeepStrictEqual } from "node:util";
import { parseWorld, type Region, regionOf } from "../../../regions/world.ts";
import type { Driver, RegionHealth, ResourceChange, Target } from "../driver.ts";

/** What a running local world lets a rollout do; `app/` implements it. */
export interface LocalControl {
  /** The world file's value that a region runs with; undefined when it does not run. */
  current(region: string): Promise<unknown>;
  /** Starts the region anew with this setting, its old process drained first; resolves when it listens. @throws Error */
  apply(region: Region, target: Target, tell: (line: string) => void): Promise<void>;
  health(region: string): Promise<RegionHealth>;
  /** Leaves the region out of the name server's answers for the global domain, or takes it back in. */
  drain(region: string, drained: boolean): Promise<void>;
}

/** Type of the one thing a region is made of here. */
const regionType = "meridian:local:Region";

/** The driver of a local world. */
export function localDriver(control: LocalControl): Driver {
  return {
    name: "local",
    current: (region) => control.current(region),
    async preview(name, target) {
      const file = await control.current(name);
      const before = file === undefined ? undefined : regionOf(parseWorld(file), name);
      return { changes: changesOf(name, before, regionOf(target.world, name)), resources: [] };
    },
    apply: (name, target, tell) => control.apply(regionOf(target.world, name), target, tell),
    recover: async () => {},
    drift: async () => [],
    drain: (region, drained) => control.drain(region, drained),
    health: (region) => control.health(region),
  };
}

function changesOf(name: string, before: Region | undefined, after: Region): ResourceChange[] {
  if (before === undefined) return [{ operation: "create", type: regionType, name, keys: [] }];
  const settings = Object.keys(after) as (keyof Region)[];
  const keys = settings.filter((key) => !isDeepStrictEqual(before[key], after[key]));
  return keys.length === 0 ? [] : [{ operation: "update", type: regionType, name, keys }];
}
