// Settings of the disco module. XEP-0030.
import { z } from "zod";

export const DiscoSettings = z
  .strictObject({ name: z.string().default("Meridian").describe("Name of the server's identity.") })
  .describe("Service discovery. XEP-0030.");
