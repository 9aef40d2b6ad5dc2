// Compiles every statement of every store in every dialect, for the file from which a node takes them.
import { writeFileSync } from "node:fs";
import { COMPILED_FILE, type CompiledFile, keptForm } from "./compiled.ts";
import { builderOf, DIALECTS, type DialectName } from "./dialect.ts";
import type { SqlEngine } from "./engine.ts";
import { legacyStores } from "./storage.ts";

/** What `compiled.json` must hold. */
export function compileAll(): CompiledFile {
  return Object.fromEntries(DIALECTS.map((dialect) => [dialect, compileFor(dialect)])) as CompiledFile;
}

/** Writes the file: `npm run statements`. */
export function writeCompiled(): void {
  writeFileSync(COMPILED_FILE, `${JSON.stringify(compileAll(), null, 2)}\n`);
}

/** The stores build their statements when they are made; none is run. */
function compileFor(dialect: DialectName) {
  const recorded = new Map<string, Readonly<Record<string, unknown>>>();
  legacyStores(
    idleEngine(dialect),
    { now: Date.now, bounds: { operationMs: 1, maxWaiting: 1 } },
    builderOf(dialect, recorded),
  );
  return Object.fromEntries([...recorded].map(([name, group]) => [name, keptForm(group)]));
}

/** An engine that names its dialect and runs nothing. */
export function idleEngine(dialect: DialectName): SqlEngine {
  const refuse = () => Promise.reject(new Error("this engine only names its dialect"));
  return {
    dialect,
    read: refuse,
    change: refuse,
    changeRows: refuse,
    write: refuse,
    migrate: refuse,
    close: refuse,
  };
}
