// Secrets of a configuration: given in place, by a file or by an environment variable.
import { readFileSync } from "node:fs";
import { ConfigError } from "./load.ts";
import type { Secret } from "./secret-form.ts";

/** The value of a secret. @throws ConfigError where file or variable is missing */
export function readSecret(secret: Secret, path: string): string {
  if (typeof secret === "string") return secret;
  if ("env" in secret) {
    const value = process.env[secret.env];
    if (value === undefined || value === "") throw new ConfigError(path, [`the variable ${secret.env} is not set`]);
    return value;
  }
  try {
    return readFileSync(secret.file, "utf8").trim();
  } catch (error) {
    throw new ConfigError(path, [`cannot be read: ${(error as Error).message}`]);
  }
}
