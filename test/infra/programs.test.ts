// Every example world, and every size, as Pulumi programs without an engine.
import { expect, test } from "@jest/globals";
import { globalProgram } from "../../infra/global/program.ts";
import { findings } from "../../infra/policies.ts";
import { regionProgram } from "../../infra/region/program.ts";
import { sizeNames, sizes } from "../../regions/sizes.ts";
import { loadWorld, type Region } from "../../regions/world.ts";
import { globalOf } from "./global-outputs.ts";
import { type Recording, record } from "./recorder.ts";

const worlds = ["local-3", "seven-continents", "two-regions-small"].map((name) =>
  loadWorld(new URL(`../../regions/worlds/${name}.json`, import.meta.url).pathname),
);

function ofType(recording: Recording, type: string) {
  return recording.resources.filter((resource) => resource.type === type);
}

const names = (recording: Recording) =>
  recording.resources.map((resource) => `${resource.type} ${resource.name}`).toSorted();

test.each(worlds)("the global stack of $name keeps every policy, in preview and update alike", async (world) => {
  const update = await record(() => globalProgram(world));
  expect(findings(update.resources)).toEqual([]);
  expect(names(await record(() => globalProgram(world), { preview: true }))).toEqual(names(update));
});

const regions = worlds.flatMap((world) =>
  world.regions.map((region) => ({ world, region, label: `${world.name} ${region.name}` })),
);

test.each(regions)("the stack of $label keeps every policy, in preview and update alike", async ({ world, region }) => {
  const update = await record(() => regionProgram(world, region, globalOf(world)));
  expect(findings(update.resources)).toEqual([]);
  expect(names(await record(() => regionProgram(world, region, globalOf(world)), { preview: true }))).toEqual(
    names(update),
  );
});

test.each(sizeNames)("a region of size %s has what its size says", async (name) => {
  const [world, region] = [worlds[2]!, worlds[2]!.regions[0]!];
  const sized: Region = { ...region, network: "10.1.0.0/16", size: sizes[name] };
  const recording = await record(() => regionProgram({ ...world, regions: [sized] }, sized, globalOf(world)));
  expect(findings(recording.resources)).toEqual([]);
  const nats = sizes[name].nat === "zone" ? 3 : 0;
  expect(ofType(recording, "aws:ec2/natGateway:NatGateway")).toHaveLength(nats);
  expect(ofType(recording, "aws:ec2/eip:Eip")).toHaveLength(3 + nats);
  expect(ofType(recording, "aws:lb/listener:Listener")).toHaveLength(5);
  expect(ofType(recording, "aws:rds/cluster:Cluster")).toHaveLength(name === "small" ? 0 : 1);
  expect(ofType(recording, "aws:ecs/capacityProvider:CapacityProvider")).toHaveLength(name === "large" ? 1 : 0);
  const service = ofType(recording, "aws:ecs/service:Service")[0]?.inputs;
  expect(service?.desiredCount).toBe(sizes[name].nodes.min);
});
