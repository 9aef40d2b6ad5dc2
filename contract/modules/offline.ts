// Settings of the offline module. XEP-0160.
import { z } from "zod";

export const OfflineSettings = z
  .strictObject({
    maxMessages: z.int().min(1).default(100).describe("Messages kept for one account; beyond it senders get an error."),
  })
  .describe("Messages kept for who is not there. XEP-0160.");
