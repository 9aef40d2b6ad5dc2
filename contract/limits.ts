// What one client may ask: the limits part of the configuration contract.
import { z } from "zod";
import { FROM_CLIENTS, FROM_CLIENTS_AT_MOST } from "../xmpp/bounds.ts";

const Seconds = z.number().positive();

/** Bounds on what one connection may ask. */
export const StreamLimits = z
  .strictObject({
    preAuthBytes: z.int().min(1024).default(10_240).describe("Bytes of one element before authentication."),
    preAuthElements: z.int().min(4).default(32).describe("Elements of a stream before authentication."),
    stanzaBytes: z.int().min(10_000).default(FROM_CLIENTS.bytes).describe("Bytes of one stanza. RFC 6120 §13.12."),
    depth: z.int().min(4).max(FROM_CLIENTS_AT_MOST.depth).default(FROM_CLIENTS.depth).describe("Nesting of a stanza."),
    attributes: z
      .int()
      .min(8)
      .max(FROM_CLIENTS_AT_MOST.attributes)
      .default(FROM_CLIENTS.attributes)
      .describe("Attributes of one element; servers let through more, so that what is added on the way has room."),
    authenticationSeconds: Seconds.default(30).describe(
      "Time from connection to authentication, and from there to a bound resource.",
    ),
    bytesPerSecond: z.int().min(1024).default(1_048_576).describe("Token bucket's rate of an authenticated stream."),
    burstBytes: z.int().min(10_000).default(4_194_304).describe("Token bucket's size."),
    preAuthBytesPerSecond: z.int().min(1024).default(65_536).describe("Bytes a second of a stream before that."),
    stanzasPerAccount: z
      .int()
      .min(1)
      .default(2000)
      .describe("Stanzas a second of one account, over all of its streams to all nodes; five times as many at once."),
    stanzasPerAddress: z
      .int()
      .min(1)
      .default(50_000)
      .describe("The same of one address; behind a balancer without PROXY headers that is everybody."),
    connectionsPerAddress: z.int().min(1).default(1000).describe("Connections of one address to this node."),
    backlogBytes: z.int().min(65_536).default(1_048_576).describe("Bytes waiting for a reader that does not read."),
    resourcesPerAccount: z.int().min(1).default(25).describe("Resources of one account at a time."),
  })
  .prefault({})
  .describe("What one connection may ask.");

/** Stream management of client sessions. XEP-0198. */
export const StreamManagementConfig = z
  .strictObject({
    resumeSeconds: Seconds.default(300).describe("Time a broken session waits for its client."),
    maxUnacked: z.int().min(10).default(1000).describe("Stanzas that may be unacknowledged."),
    maxUnackedSize: z
      .int()
      .min(65_536)
      .default(786_432)
      .describe("Characters that may be unacknowledged; at most three quarters of limits.backlogBytes."),
  })
  .prefault({})
  .describe("Stream management of client sessions. XEP-0198.");

export type StreamLimits = z.output<typeof StreamLimits>;
