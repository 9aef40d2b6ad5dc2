// Settings of the blocking module. XEP-0191.
import { z } from "zod";

export const BlockingSettings = z
  .strictObject({ maxItems: z.int().min(1).default(1000).describe("JIDs of one block list.") })
  .describe("Block lists. XEP-0191.");
