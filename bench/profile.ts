// Where time goes in a CPU profile (`--keep-prof`): `node bench/profile.ts FILE [lines]`, by function and by file.
import { readFileSync } from "node:fs";
import { format, type Row } from "./harness/figures.ts";

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Waiting, rather than work. */
const IDLE = new Set(["(idle)", "(root)"]);

interface Sums {
  readonly self: Map<string, number>;
  readonly total: Map<string, number>;
  readonly files: Map<string, number>;
  busy: number;
}

/** Adds the time of every sample to the function it was in, to all that called it, and to its file. */
function sum({ nodes, samples, timeDeltas }: Profile): Sums {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const ownTime = new Map<number, number>();
  for (const [index, id] of samples.entries()) ownTime.set(id, (ownTime.get(id) ?? 0) + (timeDeltas[index] ?? 0));
  const sums: Sums = { self: new Map(), total: new Map(), files: new Map(), busy: 0 };
  for (const [id, time] of ownTime) {
    const node = byId.get(id);
    if (node === undefined || IDLE.has(node.callFrame.functionName)) continue;
    sums.busy += time;
    add(sums.self, name(node), time);
    add(sums.files, file(node), time);
    const seen = new Set<string>();
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) seen.add(name(byId.get(at)));
    for (const caller of seen) add(sums.total, caller, time);
  }
  return sums;
}

function add(map: Map<string, number>, key: string, time: number): void {
  map.set(key, (map.get(key) ?? 0) + time);
}

function name(node: ProfileNode | undefined): string {
  if (node === undefined) return "?";
  const { functionName, lineNumber } = node.callFrame;
  return `${functionName || "(anonymous)"} ${file(node)}:${lineNumber + 1}`;
}

function file(node: ProfileNode): string {
  const { url } = node.callFrame;
  return url === "" ? "(native)" : url.replace(/^file:\/\/.*?\/(?=(server|app|federation|node_modules)\/)/, "");
}

function rows(
  map: ReadonlyMap<string, number>,
  busy: number,
  lines: number,
  total?: ReadonlyMap<string, number>,
): Row[] {
  const sorted = [...map].sort(([, a], [, b]) => b - a).slice(0, lines);
  return sorted.map(([what, time]) => ({
    what,
    "%": ((time / busy) * 100).toFixed(1),
    ...(total === undefined ? {} : { "with callees %": (((total.get(what) ?? 0) / busy) * 100).toFixed(1) }),
  }));
}

if (import.meta.main) {
  const [path = "", lines = "30"] = process.argv.slice(2);
  const { self, total, files, busy } = sum(JSON.parse(readFileSync(path, "utf8")) as Profile);
  process.stdout.write(format({ title: "own time, by function", rows: rows(self, busy, Number(lines), total) }));
  process.stdout.write(format({ title: "time with callees, by function", rows: rows(total, busy, Number(lines)) }));
  process.stdout.write(format({ title: "own time, by file", rows: rows(files, busy, 15) }));
}
