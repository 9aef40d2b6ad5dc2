// Settings of the private storage module. XEP-0049.
import { z } from "zod";

export const PrivateSettings = z
  .strictObject({
    maxBytes: z.int().min(1024).default(65_536).describe("Bytes of one document."),
    maxDocuments: z.int().min(1).default(100).describe("Documents of one account."),
  })
  .describe("Small documents that clients keep with their account. XEP-0049.");
export type PrivateSettings = z.output<typeof PrivateSettings>;
