// Which file imports which, for the tests of the architecture: types included, packages left out.
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const root = join(import.meta.dirname, "../..");

/** Files of TypeScript below a folder of the repository, by path from its root, in order. */
export function filesOf(folder: string): string[] {
  return globSync(`${folder}/**/*.ts`, { cwd: root })
    .filter((file) => !file.includes("node_modules"))
    .sort();
}

/** Files that one imports, statically or not. */
export function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const specifiers = [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)["'](\.[^"']*)["']/g)].map(([, path]) => path!);
  return specifiers.map((path) => relative(root, join(root, dirname(file), path)));
}

/** Arrows from each to others; those to what is not among the keys are of no interest. */
export type Arrows = ReadonlyMap<string, ReadonlySet<string>>;

/** Every set of two or more that reach each other, each in order (Tarjan's strongly connected components). */
export function circlesOf(arrows: Arrows): string[][] {
  const number = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (at: string): void => {
    number.set(at, number.size);
    lowest.set(at, number.get(at)!);
    open.push(at);
    for (const to of arrows.get(at) ?? []) {
      if (!arrows.has(to)) continue;
      if (!number.has(to)) visit(to);
      if (open.includes(to)) lowest.set(at, Math.min(lowest.get(at)!, lowest.get(to)!));
    }
    if (lowest.get(at) !== number.get(at)) return;
    const circle = open.splice(open.indexOf(at));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const at of arrows.keys()) if (!number.has(at)) visit(at);
  return circles;
}
