// Settings of the roster module. RFC 6121 §2.
import { z } from "zod";

export const RosterSettings = z
  .strictObject({
    maxItems: z
      .int()
      .min(1)
      .default(1000)
      .describe("Contacts of one roster; strangers whose requests wait do not count."),
    maxGroups: z.int().min(0).default(50).describe("Groups of one item."),
    maxSize: z
      .int()
      .min(1024)
      .default(524_288)
      .describe("Characters of all JIDs, names and groups together: a roster is sent as one stanza."),
    maxNameLength: z.int().min(1).default(1023).describe("Characters of a name or group."),
  })
  .describe("Contact lists. RFC 6121 §2.");
export type RosterSettings = z.output<typeof RosterSettings>;
