import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { awsRegions } from "./aws-regions.ts";
import { type InitAnswers, initWorld } from "./init.ts";
import { parseWorld, WorldError } from "./world.ts";
import { cloudProblems } from "./world-problems.ts";

const answers: InitAnswers = {
  name: "example",
  domain: "example.org",
  regions: ["eu-central-1", "us-east-1", "pacific=ap-southeast-2", "eu-west-1"],
  size: "standard",
  contact: "admin@example.org",
};

test("a few answers make a whole world: names, networks and waves", () => {
  const world = parseWorld(initWorld(answers));
  expect(world.regions.map(({ name, network, wave }) => [name, network, wave])).toEqual([
    ["eu", "10.1.0.0/16", 1],
    ["us", "10.2.0.0/16", 2],
    ["pacific", "10.3.0.0/16", 2],
    ["eu-west", "10.4.0.0/16", 3],
  ]);
  expect(world.rollout.canary).toBe("eu");
  expect(world.contacts.abuse).toEqual(["mailto:admin@example.org"]);
});

test("whatever AWS regions are named, the world is whole and ready for the cloud", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...awsRegions.keys()], { minLength: 1, maxLength: 30 }), (regions) => {
      expect(cloudProblems(parseWorld(initWorld({ ...answers, regions })))).toEqual([]);
    }),
  );
});

test.each(["not an address <b>", "admin", "@example.org", "a@b@c", "a@b, c@d", "a b@example.org", "a@b?cc=c@d", "a@"])(
  "%j is no mail address of an operator's",
  (contact) =>
    expect(() => initWorld({ ...answers, contact })).toThrow(/contacts\.admin\[0\]: expected a URI, as mailto:/),
);

test.each(["admin@example.org", "o'neill+xmpp@bücher.example"])("%j is one", (contact) =>
  expect(initWorld({ ...answers, contact }).contacts?.admin).toEqual([`mailto:${contact}`]),
);

test("mistakes are told: an unknown region, none at all, a domain that is none", () => {
  expect(() => initWorld({ ...answers, regions: ["mars-1"] })).toThrow(/no AWS region "mars-1"/);
  expect(() => initWorld({ ...answers, regions: [" "] })).toThrow(/at least one region/);
  expect(() => initWorld({ ...answers, domain: "exa mple.org" })).toThrow(WorldError);
  expect(initWorld({ ...answers, domain: "Example.org" }).domains.global).toBe("Example.org");
});
