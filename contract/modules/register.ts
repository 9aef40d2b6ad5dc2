// Settings of the registration module. XEP-0077.
import { z } from "zod";

export const RegisterSettings = z
  .strictObject({
    newAccounts: z.boolean().default(true).describe("Strangers may make accounts; else only password and removal."),
    perAddressPerHour: z.int().min(1).default(3).describe("New accounts from one address within an hour."),
  })
  .describe("Registration by clients. XEP-0077. Off unless it is named.");
