// Kysely's runtime, loaded when a query is first built: as CommonJS, since its 262 files cost twice as much as ES modules.
import { createRequire } from "node:module";

type Parts = typeof import("kysely");

let loaded: Parts | undefined;

/** Kysely itself. A start of the node needs none of it: what it runs was compiled before (`compiled.ts`). */
export function kysely(): Parts {
  loaded ??= createRequire(import.meta.url)("kysely") as Parts;
  return loaded;
}
