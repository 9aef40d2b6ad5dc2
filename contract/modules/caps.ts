// Settings of the module of entity capabilities. XEP-0115.
import { z } from "zod";

export const CapsSettings = z
  .strictObject({
    node: z.string().min(1).default("https://meridian.invalid/server").describe("URI that names the software."),
  })
  .describe("Capabilities of the server in its stream features. XEP-0115.");
