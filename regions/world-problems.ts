// What the schema of a world cannot say: the mistakes between its settings, all of them at once. Pure.
import { awsRegions } from "./aws-regions.ts";
import { type Cidr, contains, overlap, parseCidr, privateRanges } from "./cidr.ts";
import { sizeProblems } from "./sizes.ts";
import type { Region, World } from "./world.ts";

/** Prefix lengths a region's network may have: AWS allows no larger VPC, and smaller ones cannot be cut into subnets. */
const prefixes = { largest: 16, smallest: 22 };

/** Every mistake of a world as "path: what is wrong and what is allowed". */
export function worldProblems(world: World): string[] {
  return [
    ...nameProblems(world),
    ...domainProblems(world),
    ...world.regions.flatMap((region, index) => regionProblems(region, `regions[${index}]`)),
    ...overlapProblems(world),
    ...rolloutProblems(world),
  ];
}

/** What a world lacks before Pulumi can build it (a world on one machine needs neither). */
export function cloudProblems(world: World): string[] {
  return world.regions.flatMap((region, index) => [
    ...(region.aws === undefined ? [`regions[${index}].aws: the AWS region is needed, such as eu-central-1`] : []),
    ...(below(region.domain, world.domains.global) || below(region.domain, world.domains.regional)
      ? []
      : [`regions[${index}].domain: ${region.domain} lies in no zone of the world (domains.global, domains.regional)`]),
    ...(region.network === undefined
      ? [`regions[${index}].network: the private range is needed, such as 10.1.0.0/16`]
      : []),
  ]);
}

function below(domain: string, parent: string): boolean {
  return domain.endsWith(`.${parent}`);
}

function nameProblems(world: World): string[] {
  return twice(world.regions.map((region) => region.name)).map(
    ({ index, first, value }) => `regions[${index}].name: "${value}" is the name of regions[${first}] already`,
  );
}

function domainProblems(world: World): string[] {
  const domains = [world.domains.global, ...world.regions.map((region) => region.domain)];
  return twice(domains).map(({ index, first, value }) => {
    const owner = first === 0 ? "domains.global" : `regions[${first - 1}]`;
    return `regions[${index - 1}].domain: ${value} is the domain of ${owner} already`;
  });
}

function regionProblems(region: Region, path: string): string[] {
  const problems = sizeProblems(region.size, `${path}.size`);
  if (region.aws !== undefined && !awsRegions.has(region.aws))
    problems.push(`${path}.aws: no AWS region "${region.aws}"; known are ${[...awsRegions.keys()].join(", ")}`);
  if (/(^|:)latest$/.test(region.image))
    problems.push(`${path}.image: "${region.image}" names no version; give a tag such as 0.1.0 or a digest`);
  if (region.network !== undefined) problems.push(...networkProblems(region.network, `${path}.network`));
  return problems;
}

function networkProblems(network: string, path: string): string[] {
  const range = parseCidr(network);
  if (!range) return [`${path}: "${network}" is no IPv4 range such as 10.1.0.0/16`];
  const problems: string[] = [];
  if (range.prefix < prefixes.largest || range.prefix > prefixes.smallest)
    problems.push(`${path}: /${range.prefix} is not between /${prefixes.largest} and /${prefixes.smallest}`);
  if (!privateRanges.some((outer) => contains(outer, range)))
    problems.push(`${path}: ${network} is not private (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10)`);
  return problems;
}

function overlapProblems(world: World): string[] {
  const seen: { readonly index: number; readonly range: Cidr }[] = [];
  const problems: string[] = [];
  world.regions.forEach((region, index) => {
    const range = region.network === undefined ? undefined : parseCidr(region.network);
    if (!range) return;
    for (const other of seen.filter((candidate) => overlap(candidate.range, range)))
      problems.push(
        `regions[${index}].network: ${region.network} overlaps ${world.regions[other.index]?.network} of regions[${other.index}]`,
      );
    seen.push({ index, range });
  });
  return problems;
}

function rolloutProblems(world: World): string[] {
  const { canary, freeze } = world.rollout;
  const problems: string[] = [];
  if (!world.regions.some((region) => region.name === canary))
    problems.push(
      `rollout.canary: no region "${canary}"; there are ${world.regions.map((region) => region.name).join(", ")}`,
    );
  freeze.forEach((window, index) => {
    if (Date.parse(window.until) <= Date.parse(window.from))
      problems.push(`rollout.freeze[${index}].until: not after from (${window.from})`);
  });
  return problems;
}

function twice(values: readonly string[]): { index: number; first: number; value: string }[] {
  return values.flatMap((value, index) => {
    const first = values.indexOf(value);
    return first < index ? [{ index, first, value }] : [];
  });
}
