// Writes world.schema.json anew; run it after a change of schema.ts: `node regions/write-schema.ts`.
import { writeFileSync } from "node:fs";
import { worldJsonSchema } from "./schema.ts";

writeFileSync(new URL("world.schema.json", import.meta.url), `${JSON.stringify(worldJsonSchema(), null, 2)}\n`);
