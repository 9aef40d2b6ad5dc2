// The nodes of a region and what joins them: the cluster part of the configuration contract.
import { z } from "zod";
import { Address, HostPort } from "./names.ts";

/** How Redis or Valkey is reached; `password` is an optional secret. */
export function redisConfig<Password extends z.ZodType>(password: Password) {
  return z
    .strictObject({
      urls: z
        .array(z.string().regex(/^rediss?:\/\/[^\s/]+/, "redis://host:port, or rediss:// for TLS"))
        .min(1)
        .describe("One server; or of Redis Cluster some nodes, of which the others are learnt; or the sentinels."),
      cluster: z.boolean().default(false).describe("Redis Cluster: keys by slot, sharded channels."),
      sentinel: z
        .strictObject({
          master: z.string().min(1).max(255).describe("Name under which the sentinels watch the servers."),
          username: z.string().min(1).optional().describe("User at the sentinels."),
          password,
        })
        .optional()
        .describe("Redis Sentinel: `urls` are the sentinels'. User and password in here are for them alone."),
      username: z.string().min(1).optional().describe("User at the servers."),
      password,
      authority: z.string().min(1).optional().describe("PEM file of the authority its certificate is trusted by."),
    })
    .refine(({ cluster, sentinel }) => !cluster || sentinel === undefined, {
      path: ["sentinel"],
      message: "Redis Cluster has no sentinels: leave one of the two out",
    })
    .describe("Redis or Valkey of the region. Without it the node is alone.");
}

/** Seconds and bounds of a cluster. */
export const ClusterTimes = {
  prefix: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, "letters, digits and dashes, at most 32")
    .default("meridian")
    .describe("Begins every key and channel: one Redis may serve several regions."),
  heartbeatSeconds: z.number().min(0.1).max(10).default(1.5).describe("Between two signs of life of a node."),
  leaseSeconds: z
    .number()
    .min(0.5)
    .max(30)
    .default(6)
    .describe("A node that gave no sign for so long is taken for dead."),
  links: z
    .strictObject({
      address: Address.optional().describe(
        "Address at which the other nodes connect; by default the one this node reaches Redis from. ::, 0.0.0.0: any.",
      ),
      port: z.int().min(0).max(65_535).default(0).describe("0: any free one, for the others are told by Redis."),
    })
    .prefault({})
    .describe("Where this node listens for the others, which speak to it directly; where they cannot, by Redis."),
  location: HostPort.optional().describe(
    "host:port at which clients reach this node itself, to resume there first. XEP-0198 §3.",
  ),
};
