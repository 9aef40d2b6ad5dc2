// Settings of the vCard module. XEP-0054.
import { z } from "zod";

export const VcardSettings = z
  .strictObject({
    maxBytes: z.int().min(1024).default(131_072).describe("Bytes of one card, its picture among them."),
  })
  .describe("Business cards. XEP-0054.");
