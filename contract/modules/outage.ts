// Settings of the outage module. XEP-0455.
import { z } from "zod";

export const OutageSettings = z
  .strictObject({
    addresses: z
      .array(z.url({ protocol: /^https?$/ }))
      .default([])
      .describe("Addresses of status documents, on other machines than this one. XEP-0455 §2.2 says what is in them."),
  })
  .describe("Where to look when the service is down. XEP-0455.");
