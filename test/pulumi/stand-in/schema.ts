// What inputs AWS's resources have, read from the types of @pulumi/aws: which are known, and which must be given.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = dirname(createRequire(import.meta.url).resolve("@pulumi/aws/package.json"));

/** Inputs of one type. */
export interface InputSchema {
  readonly known: ReadonlySet<string>;
  readonly required: readonly string[];
}

const read = new Map<string, InputSchema | undefined>();

/** The inputs of a type such as `aws:ec2/vpc:Vpc`; undefined when there is no such type. */
export function inputSchema(type: string): InputSchema | undefined {
  if (!read.has(type)) read.set(type, readSchema(type));
  return read.get(type);
}

function readSchema(type: string): InputSchema | undefined {
  const [, path = "", name = ""] = type.split(":");
  const file = join(root, `${path}.d.ts`);
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  const body = text.split(`export interface ${name}Args {`)[1]?.split("\n}")[0];
  if (body === undefined) return undefined;
  const inputs = [...body.matchAll(/^ {4}([A-Za-z0-9_]+)(\??): /gm)];
  return {
    known: new Set(inputs.map(([, input = ""]) => input)),
    required: inputs.filter(([, , optional]) => optional === "").map(([, input = ""]) => input),
  };
}
