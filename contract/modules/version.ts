// Settings of the version module. XEP-0092.
import { z } from "zod";

export const VersionSettings = z
  .strictObject({
    showOs: z.boolean().default(false).describe("Tell the operating system, which helps attackers as well."),
  })
  .describe("Version of the software. XEP-0092.");
