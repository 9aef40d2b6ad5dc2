// Where a node keeps what it keeps: the storage part of the configuration contract.
import { z } from "zod";

const READER = "A replica, for lists and counts of administration that may be a moment behind.";

/** Storage by kind. */
export const StorageConfig = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("memory") }).describe("Nothing survives the process: tests."),
  z.strictObject({
    kind: z.literal("sqlite"),
    file: z.string().min(1).describe("Database file."),
    synchronous: z.enum(["normal", "full"]).default("normal"),
  }),
  z.strictObject({
    kind: z.literal("postgres"),
    url: z.string().regex(/^postgres(ql)?:\/\//, "postgres://user@host/database"),
    readerUrl: z
      .string()
      .regex(/^postgres(ql)?:\/\//, "postgres://user@host/database")
      .exactOptional()
      .describe(READER),
    poolSize: z.int().min(1).max(500).default(10),
  }),
  z.strictObject({
    kind: z.literal("mysql"),
    url: z.string().regex(/^(mysql|mariadb):\/\//, "mysql://user@host/database"),
    readerUrl: z
      .string()
      .regex(/^(mysql|mariadb):\/\//, "mysql://user@host/database")
      .exactOptional()
      .describe(READER),
    poolSize: z.int().min(1).max(500).default(10),
  }),
]);
export type StorageConfig = z.output<typeof StorageConfig>;
