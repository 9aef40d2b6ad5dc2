// What must hold for whatever world an operator writes down: its stacks, over random worlds.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { globalProgram } from "../../infra/global/program.ts";
import { findings } from "../../infra/policies.ts";
import { linksPort, openPorts } from "../../infra/ports.ts";
import { regionProgram } from "../../infra/region/program.ts";
import { awsRegions } from "../../regions/aws-regions.ts";
import { overlap, parseCidr } from "../../regions/cidr.ts";
import { sizeNames } from "../../regions/sizes.ts";
import { parseWorld, type World } from "../../regions/world.ts";
import { globalOf } from "./global-outputs.ts";
import { type Recording, record } from "./recorder.ts";

const label = fc.stringMatching(/^[a-z][a-z0-9]{1,11}$/);
const worlds = fc
  .record({
    name: fc.stringMatching(/^[a-z][a-z0-9]{1,19}$/),
    regional: fc.option(fc.constant("regions.example.net"), { nil: undefined }),
    names: fc.uniqueArray(label, { minLength: 1, maxLength: 3 }),
    aws: fc.array(fc.constantFrom(...awsRegions.keys()), { minLength: 3, maxLength: 3 }),
    size: fc.constantFrom(...sizeNames),
    prefix: fc.integer({ min: 16, max: 22 }),
    max: fc.integer({ min: 12, max: 60 }),
  })
  .map(({ name, regional, names, aws, size, prefix, max }) => ({
    name,
    domains: { global: "example.org", ...(regional && { regional }) },
    contacts: { admin: ["mailto:admin@example.org"] },
    regions: names.map((region, index) => ({
      name: region,
      aws: aws[index],
      location: { name: "Somewhere", latitude: 0, longitude: 0 },
      network: `10.${index}.0.0/${prefix}`,
      size: { from: size, nodes: { min: 6, max } },
      wave: 1,
    })),
  }));

const runs = { numRuns: 12 };
const minutes = 120_000;
const ofType = (recording: Recording, type: string) =>
  recording.resources.filter((resource) => resource.type === type).map(({ inputs }) => inputs);
const names = ({ resources }: Recording) => resources.map(({ type, name }) => `${type} ${name}`).toSorted();
const regionOf = (world: World, preview = false) =>
  record(() => regionProgram(world, world.regions[0]!, globalOf(world)), { preview });

test(
  "policies are kept; subnets do not overlap; every listener has a way through; nothing is public that should not be",
  async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async (file) => {
        const recording = await regionOf(parseWorld(file));
        expect(findings(recording.resources)).toEqual([]);
        const ranges = ofType(recording, "aws:ec2/subnet:Subnet").map(({ cidrBlock }) => parseCidr(String(cidrBlock))!);
        ranges.forEach((a, index) => {
          for (const b of ranges.slice(index + 1)) expect(overlap(a, b)).toBe(false);
        });
        const groups = ofType(recording, "aws:ec2/securityGroup:SecurityGroup");
        const lets = (port: number) => groups.filter((group) => letsIn(group.ingress, port)).length;
        const targets = ofType(recording, "aws:lb/targetGroup:TargetGroup");
        for (const listener of ofType(recording, "aws:lb/listener:Listener")) {
          const { listen, target } = openPorts.find((port) => port.listen === listener.port)!;
          expect(targets.filter((group) => group.port === target)).toHaveLength(1);
          expect(lets(listen)).toBeGreaterThanOrEqual(1);
          expect(lets(target)).toBeGreaterThanOrEqual(1);
        }
        // The nodes reach each other, and nobody else reaches them there.
        expect(groups.filter((group) => letsIn(group.ingress, linksPort))).toMatchObject([
          { ingress: expect.arrayContaining([expect.objectContaining({ fromPort: linksPort, self: true })]) },
        ]);
        onlyTheDoorIsOpen(recording);
      }),
      runs,
    );
  },
  minutes,
);

/** Only the load balancer's group lets the world in, and nothing that holds data is in a subnet with a way out. */
function onlyTheDoorIsOpen(recording: Recording): void {
  const open = recording.resources.filter(
    ({ type, inputs }) =>
      type === "aws:ec2/securityGroup:SecurityGroup" && JSON.stringify(inputs.ingress).includes("0.0.0.0/0"),
  );
  expect(open.map(({ name }) => name.replace(/.*-/, ""))).toEqual(["balancer"]);
  for (const type of ["aws:rds/subnetGroup:SubnetGroup", "aws:elasticache/subnetGroup:SubnetGroup"])
    for (const { subnetIds } of ofType(recording, type))
      for (const id of subnetIds as string[]) expect(id).toMatch(/-isolated-\d-id$/);
}

test(
  "names and kinds of resources depend on no unrelated setting, and are the same in preview and update",
  async () => {
    await fc.assert(
      fc.asyncProperty(worlds, fc.integer({ min: 61, max: 90 }), async (file, max) => {
        const update = names(await regionOf(parseWorld(file)));
        expect(names(await regionOf(parseWorld(file), true))).toEqual(update);
        const other = parseWorld({
          ...file,
          image: "9.9.9",
          contacts: { ...file.contacts, abuse: ["mailto:abuse@example.org"] },
          regions: file.regions.map((region) => ({ ...region, size: { ...region.size, nodes: { min: 6, max } } })),
        });
        expect(names(await regionOf(other))).toEqual(update);
      }),
      { numRuns: 6 },
    );
  },
  minutes,
);

test("the global stack has a zone for every regional domain, and a copy of what is shared in every AWS region", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async (file) => {
      const world = parseWorld(file);
      const recording = await record(() => globalProgram(world));
      const zones = ofType(recording, "aws:route53/zone:Zone").map(({ name }) => String(name));
      for (const { domain } of world.regions) expect(zones.some((zone) => domain.endsWith(`.${zone}`))).toBe(true);
      const replicas = ofType(recording, "aws:dynamodb/table:Table").flatMap(({ replicas }) => replicas as object[]);
      expect(replicas).toHaveLength(new Set(world.regions.map(({ aws }) => aws)).size - 1);
    }),
    runs,
  );
});

function letsIn(rules: unknown, port: number): boolean {
  const list = (rules ?? []) as { fromPort: number; toPort: number }[];
  return list.some(({ fromPort, toPort }) => fromPort <= port && port <= toPort);
}
