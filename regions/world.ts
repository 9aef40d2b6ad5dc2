// A world as the rest of Meridian uses it: read from its file, checked as a whole, every default filled in.
import { readFileSync } from "node:fs";
import { z } from "zod";
import { notJson } from "../contract/json-fault.ts";
import { listOf, Mistake } from "../contract/told.ts";
import { awsRegions } from "./aws-regions.ts";
import {
  type Continent,
  type FederationPolicy,
  type RegionFile,
  type RolloutPolicy,
  WorldFile,
  type WorldInput,
} from "./schema.ts";
import { resolveSize, type Size } from "./sizes.ts";
import { worldProblems } from "./world-problems.ts";

/** A region with every default filled in. */
export interface Region {
  readonly name: string;
  /** The regional domain. */
  readonly domain: string;
  /** AWS region; undefined in a world that runs on one machine only. */
  readonly aws: string | undefined;
  readonly location: {
    readonly name: string;
    readonly latitude: number;
    readonly longitude: number;
    readonly continent: Continent | undefined;
  };
  /** Private IPv4 range in CIDR notation. */
  readonly network: string | undefined;
  readonly size: Size;
  readonly wave: number;
  readonly image: string;
  readonly federation: FederationPolicy;
}

/** A world with every default filled in. */
export interface World {
  readonly name: string;
  readonly domains: { readonly global: string; readonly regional: string };
  readonly contacts: WorldFile["contacts"];
  readonly regions: readonly Region[];
  readonly rollout: RolloutPolicy & { readonly canary: string };
}

/** Every mistake of a world file, one a line, each with its path. */
export class WorldError extends Mistake {
  override name = "WorldError";
  declare readonly problems: readonly string[];

  constructor(source: string, problems: readonly string[]) {
    super(listOf(source, problems), problems);
  }
}

/** Reads a world file (JSON). @throws WorldError with every mistake */
export function loadWorld(file: string): World {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
    return parseWorld(JSON.parse(text), file);
  } catch (error) {
    if (error instanceof WorldError) throw error;
    throw new WorldError(file, [
      error instanceof SyntaxError ? notJson(text) : `cannot be read: ${(error as Error).message}`,
    ]);
  }
}

/** Checks the value of a world file and fills in its defaults. @throws WorldError with every mistake */
export function parseWorld(value: unknown, source = "world"): World {
  const result = WorldFile.safeParse(value);
  if (!result.success) throw new WorldError(source, result.error.issues.flatMap(issueProblems));
  const world = fillIn(result.data);
  const problems = worldProblems(world);
  if (problems.length > 0) throw new WorldError(source, problems);
  return world;
}

/** The region of that name. @throws WorldError naming those there are */
export function regionOf(world: World, name: string): Region {
  const region = world.regions.find((candidate) => candidate.name === name);
  if (region) return region;
  const names = world.regions.map((candidate) => candidate.name).join(", ");
  throw new WorldError(world.name, [`no region "${name}"; there are ${names}`]);
}

/** A world as a file that says everything: what `parseWorld` makes the same world of. */
export function worldFileOf({ name, domains, contacts, regions, rollout }: World): WorldInput {
  const files = regions.map(({ domain, aws, location, network, size, wave, image, federation, ...region }) => {
    const { continent, ...place } = location;
    return {
      ...region,
      domain,
      location: { ...place, ...(continent !== undefined && { continent }) },
      size,
      wave,
      image,
      federation,
      ...(aws !== undefined && { aws }),
      ...(network !== undefined && { network }),
    };
  });
  return { name, domains, contacts, regions: files, rollout };
}

function fillIn(file: WorldFile): World {
  const regional = file.domains.regional ?? file.domains.global;
  const regions = file.regions.map((region) => fillInRegion(region, file, regional));
  const lowest = regions.toSorted((a, b) => a.wave - b.wave)[0];
  return {
    name: file.name,
    domains: { global: file.domains.global, regional },
    contacts: file.contacts,
    regions,
    rollout: { ...file.rollout, canary: file.rollout.canary ?? lowest?.name ?? "" },
  };
}

function fillInRegion(region: RegionFile, file: WorldFile, regional: string): Region {
  const place = region.aws === undefined ? undefined : awsRegions.get(region.aws);
  return {
    name: region.name,
    domain: region.domain ?? `${region.name}.${regional}`,
    aws: region.aws,
    location: { ...region.location, continent: region.location.continent ?? place?.continent },
    network: region.network,
    size: resolveSize(region.size),
    wave: region.wave,
    image: region.image ?? file.image,
    federation: { ...file.federation, ...region.federation },
  };
}

/** One issue of zod as "path: what is wrong". */
function issueProblems(issue: z.core.$ZodIssue): string[] {
  const where = (path: readonly PropertyKey[]) => (path.length === 0 ? "(top)" : z.core.toDotPath(path));
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => `${where([...issue.path, key])}: unknown setting`);
  if (issue.code !== "invalid_union") return [`${where(issue.path)}: ${issue.message}`];
  const deepest = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0];
  if (!deepest || depth(deepest) === 0)
    return [
      `${where(issue.path)}: ${issue.errors
        .flat()
        .map((inner) => inner.message)
        .join("; or ")}`,
    ];
  return deepest.flatMap((inner) => issueProblems({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** How far into the value a branch of a union came before it failed: the deepest is the one that was meant. */
function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length + (issue.code === "unrecognized_keys" ? 1 : 0)));
}
