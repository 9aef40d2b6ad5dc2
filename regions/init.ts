// Makes a world file from an operator's few answers: every other number has a sound default. Pure.
import { awsRegions } from "./aws-regions.ts";
import type { WorldInput } from "./schema.ts";
import type { SizeName } from "./sizes.ts";
import { parseWorld, WorldError } from "./world.ts";

/** What `meridian world init` asks, or takes as flags. */
export interface InitAnswers {
  /** Name of the world. */
  readonly name: string;
  /** The global domain. */
  readonly domain: string;
  /** AWS regions in order of rollout, the canary first; each may be `name=aws-region`. */
  readonly regions: readonly string[];
  readonly size: SizeName;
  /** Address of the operator, such as `admin@example.org`; none: no contacts. */
  readonly contact?: string;
}

/**
 * The world file of these answers: networks that do not overlap, the first region as canary in a wave of its own.
 * @throws WorldError with every mistake
 */
export function initWorld(answers: InitAnswers): WorldInput {
  const asked = answers.regions.map((text) => text.trim()).filter((text) => text !== "");
  const regions = asked.map((text) => splitRegion(text));
  const unknown = regions.filter(({ aws }) => !awsRegions.has(aws));
  const problems = unknown.map(({ aws }) => `no AWS region "${aws}"; known are ${[...awsRegions.keys()].join(", ")}`);
  if (regions.length === 0) problems.push("at least one region is needed");
  if (problems.length > 0) throw new WorldError("regions", problems);
  const names = regionNames(regions);
  const uri = answers.contact === undefined ? undefined : [`mailto:${answers.contact}`];
  const world: WorldInput = {
    $schema: "world.schema.json",
    name: answers.name,
    domains: { global: answers.domain },
    ...(uri && { contacts: { admin: uri, abuse: uri, security: uri } }),
    image: "0.1.0",
    regions: regions.map(({ aws }, index) => initRegion(names[index] ?? aws, aws, index, answers.size)),
    rollout: { canary: names[0], parallelRegions: 1 },
  };
  parseWorld(world, answers.name);
  return world;
}

function splitRegion(text: string): { name: string | undefined; aws: string } {
  const at = text.indexOf("=");
  return at < 0 ? { name: undefined, aws: text } : { name: text.slice(0, at), aws: text.slice(at + 1) };
}

function initRegion(name: string, aws: string, index: number, size: SizeName): WorldInput["regions"][number] {
  const place = awsRegions.get(aws);
  return {
    name,
    aws,
    location: { name: place?.city ?? aws, latitude: place?.latitude ?? 0, longitude: place?.longitude ?? 0 },
    network: `10.${index + 1}.0.0/16`,
    size,
    // The canary has a wave of its own; then two regions a wave.
    wave: index === 0 ? 1 : 2 + Math.floor((index - 1) / 2),
  };
}

/** `eu` for the first region of eu-…; `eu-central` and then `eu-central1` where that would name two. */
function regionNames(regions: readonly { name: string | undefined; aws: string }[]): string[] {
  const taken = new Set(regions.flatMap(({ name }) => (name === undefined ? [] : [name])));
  return regions.map(({ name, aws }) => {
    if (name !== undefined) return name;
    const [area = aws, side = "", number = ""] = aws.split("-");
    const candidates = [area, `${area}-${side}`.slice(0, 12), `${area}${side.slice(0, 6)}${number}`, `r${taken.size}`];
    const free = candidates.find((candidate) => !taken.has(candidate)) ?? aws;
    taken.add(free);
    return free;
  });
}
