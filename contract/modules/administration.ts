// Settings of the administration module. XEP-0133.
import { z } from "zod";

export const AdministrationSettings = z
  .strictObject({ listLimit: z.int().min(1).default(1000).describe("Names in one list.") })
  .describe("Commands for administrators. XEP-0133.");
