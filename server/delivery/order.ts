// Orders stages by the names they come before and after; a cycle is refused at boot.

/** Something to be ordered. */
export interface Ordered {
  readonly name: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Stages in an order that keeps every `before` and `after`, otherwise as registered. @throws Error naming a cycle */
export function order<T extends Ordered>(items: readonly T[]): T[] {
  const byName = new Map(items.map((item) => [item.name, item]));
  const predecessors = new Map<string, Set<string>>(items.map((item) => [item.name, new Set()]));
  for (const item of items) {
    for (const name of item.after) if (byName.has(name)) predecessors.get(item.name)?.add(name);
    for (const name of item.before) predecessors.get(name)?.add(item.name);
  }
  const sorted: T[] = [];
  const state = new Map<string, "open" | "done">();
  const visit = (name: string, path: readonly string[]): void => {
    if (state.get(name) === "done") return;
    if (state.get(name) === "open") throw new Error(`stages form a cycle: ${[...path, name].join(" → ")}`);
    state.set(name, "open");
    for (const item of items) if (predecessors.get(name)?.has(item.name)) visit(item.name, [...path, name]);
    state.set(name, "done");
    sorted.push(byName.get(name) as T);
  };
  for (const item of items) visit(item.name, []);
  return sorted;
}
