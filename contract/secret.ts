// Secrets of a configuration: given in place, by a file or by an environment variable.
import { ConfigError } from "./load.ts";
import { readNamed } from "./named-file.ts";
import { type Secret, TOO_SHORT } from "./secret-form.ts";

/** Passwords that another service chose: of Redis and its sentinels, of an HTTP authentication service. */
const OF_OTHERS = /^cluster\.|\.token$/;

/**
 * The value of the secret at `path`. An empty one would let in whoever knows that it is.
 * @throws ConfigError where file or variable is missing, or holds less than a secret has
 */
export function readSecret(secret: Secret, path: string): string {
  if (typeof secret === "string") return secret;
  if ("env" in secret) {
    const value = process.env[secret.env];
    if (value === undefined) throw wrong(`${path}.env: the variable ${secret.env} is not set`);
    return long(value, path, `${path}.env: the variable ${secret.env}`);
  }
  return long(readNamed(secret.file, `${path}.file`).trim(), path, `${path}.file: ${secret.file}`);
}

function long(value: string, path: string, where: string): string {
  if (value === "") throw wrong(`${where} is empty`);
  if (value.length < TOO_SHORT.below && !OF_OTHERS.test(path))
    throw wrong(`${where} holds ${value.length} characters: ${TOO_SHORT.what}`);
  return value;
}

function wrong(problem: string): ConfigError {
  return new ConfigError("configuration", [problem]);
}
