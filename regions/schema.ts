// The shape of a world file: an operator's regions as data, each setting with its bounds and what it is for.
import { domainToASCII } from "node:url";
import { z } from "zod";
import { DomainPattern, DomainName as PreparedDomain } from "../contract/names.ts";
import { sizeNames } from "./sizes.ts";

/** Name of a world or a region: short enough to be part of every AWS name built upon it. */
const Name = (most: number) =>
  z
    .string()
    .regex(new RegExp(`^[a-z][a-z0-9-]{0,${most - 2}}[a-z0-9]$`), `2 to ${most} of a-z, 0-9 and -, a letter first`);

/**
 * A domain of two labels or more, prepared as a node's configuration does it, whatever form it is written in, and kept as
 * DNS and certificates have it: of letters, digits and hyphens (RFC 1035 §2.3.1, RFC 5890 §2.3.1).
 */
const DomainName = PreparedDomain.transform((domain) => domainToASCII(domain)).refine(
  (domain) => /^(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{1,63}$/.test(domain),
  "a domain name of two labels or more, as example.org",
);

/** A mailbox as a mailto: URI names it, without what would have to be escaped there. RFC 6068 §2, RFC 5321 §4.1.2. */
const MAILBOX = /^[^\s@<>()[\]",;:\\?&%]{1,64}@[^\s@<>()[\]",;:\\?&%/]{1,253}$/;

/** A URI that somebody can follow. */
const ContactUri = z
  .string()
  .refine(
    (uri) =>
      uri.startsWith("mailto:") ? MAILBOX.test(uri.slice("mailto:".length)) : /^(xmpp|https):[^\s<>"]+$/.test(uri),
    "expected a URI, as mailto:admin@example.org, xmpp:admin@example.org or https://example.org/contact",
  );

const ContactUris = z.array(ContactUri).default([]);

/** Addresses people reach the operator by, told to others by disco (XEP-0157). */
const Contacts = z
  .strictObject({
    admin: ContactUris.describe("URIs: mailto:, xmpp: or https:."),
    abuse: ContactUris,
    security: ContactUris,
    support: ContactUris,
    status: ContactUris,
  })
  .prefault({});

export const continents = [
  "africa",
  "antarctica",
  "asia",
  "europe",
  "north-america",
  "oceania",
  "south-america",
] as const;

const Location = z.strictObject({
  name: z.string().min(1).max(60).describe("City or place, for people."),
  latitude: z.number().min(-90).max(90).describe("Degrees; north is positive."),
  longitude: z.number().min(-180).max(180).describe("Degrees; east is positive."),
  continent: z.enum(continents).optional().describe("For the rollout's cap on a continent. Default: the AWS region's."),
});

/** Every number of a region; what is left out is as in the size named by `from`. */
const SizeByHand = z.strictObject({
  from: z.enum(sizeNames).default("standard").describe("The size whose numbers stand for what is left out."),
  nodes: z
    .strictObject({ min: z.int().min(1).max(200), max: z.int().min(1).max(200) })
    .optional()
    .describe("Server processes of the region: at least, and at most when scaled out."),
  sessionsPerNode: z.int().min(100).max(40_000).optional().describe("A load balancer allows 55,000 for one target."),
  cpu: z.int().min(256).optional().describe("CPU units of a node; 1024 is one vCPU."),
  memory: z.int().min(512).optional().describe("Memory of a node, MiB."),
  instanceType: z.string().nullable().optional().describe("EC2 type of the hosts; null: Fargate."),
  nat: z.enum(["none", "zone"]).optional().describe("NAT gateways: none, or one in each zone."),
  database: z
    .discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("instance"),
        class: z.string().startsWith("db."),
        storage: z.int().min(20).max(65_536).describe("GiB."),
      }),
      z.strictObject({
        kind: z.literal("serverless"),
        minUnits: z.number().min(0.5).max(256).multipleOf(0.5).describe("Aurora capacity units at rest."),
        maxUnits: z.number().min(1).max(256).multipleOf(0.5),
        instances: z.int().min(1).max(15).describe("The writer and its readers, over the zones."),
      }),
    ])
    .optional(),
  cache: z
    .strictObject({
      nodeType: z.string().startsWith("cache."),
      replicas: z.int().min(0).max(5),
    })
    .optional(),
});

/** Policy towards one set of remote domains; the same words as the server's configuration. */
const RemotePolicy = z.strictObject({
  domains: z.array(DomainPattern).min(1).describe("Remote domains; `*.example.org` matches below example.org."),
  refuse: z.boolean().optional(),
  requireEncryption: z.boolean().optional(),
  requireValidCertificate: z.boolean().optional(),
  allowDialback: z.boolean().optional(),
});

const Federation = z.strictObject({
  enabled: z.boolean().optional().describe("false: no stanzas to or from other domains, other regions included."),
  requireValidCertificate: z.boolean().optional(),
  allowDialback: z.boolean().optional(),
  policies: z.array(RemotePolicy).optional().describe("First match wins."),
});

const Image = z
  .string()
  .min(1)
  .describe("Tag (`0.1.0`) or digest (`sha256:…`) in the world's own registry, or a whole reference.");

const Region = z.strictObject({
  name: Name(12).describe("The region's name within the world, such as `eu`."),
  domain: DomainName.optional().describe("Regional domain. Default: the name below domains.regional."),
  aws: z.string().optional().describe("AWS region, such as eu-central-1. Needed for `pulumi up` only."),
  location: Location,
  network: z.string().optional().describe("Private IPv4 range (CIDR, /16 to /22). Needed for `pulumi up` only."),
  size: z.union([z.enum(sizeNames), SizeByHand]).default("small"),
  wave: z
    .int("no wave: a whole number from 1; regions of a lower wave are rolled out first")
    .min(1, "a wave is a whole number from 1")
    .max(99),
  image: Image.optional().describe("Default: the world's."),
  federation: Federation.optional().describe("What differs from the world's."),
});

const Freeze = z.strictObject({
  from: z.iso.datetime({ offset: true }),
  until: z.iso.datetime({ offset: true }),
  why: z.string().min(1),
});

const Rollout = z
  .strictObject({
    canary: z.string().optional().describe("Region that goes first, alone. Default: the first of the lowest wave."),
    parallelRegions: z.int().min(1).max(20).default(2).describe("Regions in change at one time."),
    continentShare: z
      .number()
      .gt(0)
      .max(1)
      .default(0.5)
      .describe("Share of a continent's regions in change at one time."),
    bakeSeconds: z.int().min(0).default(600).describe("Least time a region is watched after its change."),
    minimumStanzas: z.int().min(0).default(0).describe("Least traffic a region must have carried while watched."),
    sessionShare: z.number().min(0).max(1).default(0.8).describe("Least share of earlier sessions that must be back."),
    freeze: z.array(Freeze).default([]).describe("Windows without rollouts."),
  })
  .prefault({});

/** A world file. */
export const WorldFile = z.strictObject({
  $schema: z.string().optional(),
  name: Name(20),
  domains: z.strictObject({
    global: DomainName.describe("Domain that every region serves."),
    regional: DomainName.optional().describe("Parent of the regional domains. Default: the global domain."),
  }),
  contacts: Contacts,
  image: Image.default("0.1.0"),
  federation: Federation.default({}),
  regions: z.array(Region).min(1).max(30),
  rollout: Rollout,
});

/** As an operator writes it. */
export type WorldInput = z.input<typeof WorldFile>;
export type WorldFile = z.output<typeof WorldFile>;
export type RegionFile = z.output<typeof Region>;
export type SizeByHand = z.output<typeof SizeByHand>;
export type FederationPolicy = z.output<typeof Federation>;
export type RolloutPolicy = z.output<typeof Rollout>;
export type Continent = (typeof continents)[number];

/** The JSON Schema that editors read; `regions/world.schema.json` is this, written down. */
export function worldJsonSchema(): object {
  return { title: "A Meridian world", ...z.toJSONSchema(WorldFile, { io: "input" }) };
}
