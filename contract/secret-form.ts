// How a configuration gives a secret.
import { z } from "zod";

/** Characters below which a secret is none, wherever it stands, and how that is told. */
export const TOO_SHORT = { below: 16, what: "a secret has at least 16 characters" };

/** A secret given in place, by a file, or by an environment variable. */
export const Secret = z
  .union([
    z.string().min(TOO_SHORT.below, TOO_SHORT.what),
    z.strictObject({ file: z.string().min(1) }),
    z.strictObject({ env: z.string().min(1) }),
  ])
  .describe("A secret of 16 characters or more, or { file } or { env } that holds it.");
export type Secret = z.output<typeof Secret>;
