// In which order regions are changed: the canary alone, then wave by wave, within the caps of the world. Pure.
import type { Region, World } from "../../regions/world.ts";

/** Regions that are changed at one time. */
export interface Step {
  /** The canary's wave is 0. */
  readonly wave: number;
  readonly regions: readonly string[];
}

/**
 * The steps of a rollout. Every region is in one step; a step has at most `parallelRegions` of them, and of each
 * continent at most its share (rounded down, but at least one).
 */
export function steps(world: World, only?: readonly string[]): Step[] {
  const wanted = world.regions.filter((region) => only === undefined || only.includes(region.name));
  const canary = wanted.find((region) => region.name === world.rollout.canary);
  const rest = wanted.filter((region) => region !== canary);
  const waves = [...new Set(rest.map((region) => region.wave))].toSorted((a, b) => a - b);
  return [
    ...(canary ? [{ wave: 0, regions: [canary.name] }] : []),
    ...waves.flatMap((wave) =>
      batches(
        world,
        rest.filter((region) => region.wave === wave),
      ).map((regions) => ({ wave, regions })),
    ),
  ];
}

function batches(world: World, regions: readonly Region[]): string[][] {
  const { parallelRegions } = world.rollout;
  const made: Region[][] = [];
  for (const region of regions) {
    const fits = (batch: readonly Region[]) =>
      batch.length < parallelRegions && sameContinent(batch, region) < continentCap(world, region);
    const batch = made.find(fits);
    if (batch) batch.push(region);
    else made.push([region]);
  }
  return made.map((batch) => batch.map((region) => region.name));
}

/** How many regions of a region's continent may be in change at one time. */
export function continentCap(world: World, region: Region): number {
  return Math.max(1, Math.floor(sameContinent(world.regions, region) * world.rollout.continentShare));
}

function sameContinent(regions: readonly Region[], region: Region): number {
  return regions.filter((other) => other.location.continent === region.location.continent).length;
}

/** Why nothing may be rolled out now; undefined when it may. */
export function frozen(world: World, now: number): string | undefined {
  const window = world.rollout.freeze.find(({ from, until }) => Date.parse(from) <= now && now < Date.parse(until));
  return window && `rollouts are frozen until ${window.until}: ${window.why}`;
}
