// Where each value of a JSON text stands, for messages with line and column. RFC 8259.

/** A place in a text, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A token: a string, a number or word, or one of `{}[],:`. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[-+.\w]+|[{}[\],:]/g;

/** An object or array that is open, and where in it the scan is. */
interface Open {
  readonly list: boolean;
  key: PropertyKey;
}

/** Settings of a text that is JSON which stand in it once more: only the last would count. RFC 8259 §4. */
export function namedTwice(text: string): readonly (readonly PropertyKey[])[] {
  const twice = new Map<string, readonly PropertyKey[]>();
  placesOf(text, (path) => twice.set(JSON.stringify(path), path));
  // What is in a thing that stands there twice is told with it.
  const inside = (path: readonly PropertyKey[]) =>
    path.some((_, length) => length > 0 && twice.has(JSON.stringify(path.slice(0, length))));
  return [...twice.values()].filter((path) => !inside(path));
}

/** Places of every setting of a text that is JSON: of its name in an object, of itself in an array; `again` hears of a second one. */
export function placesOf(
  text: string,
  again?: (path: readonly PropertyKey[]) => void,
): (path: readonly PropertyKey[]) => Place | undefined {
  const offsets = new Map<string, number>();
  const open: Open[] = [];
  let wantsKey = false;
  const note = (at: number) => {
    const path = JSON.stringify(open.map(({ key }) => key));
    if (!offsets.has(path)) offsets.set(path, at);
  };
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const inside = open.at(-1);
    if (token === "," && inside !== undefined) {
      if (inside.list) inside.key = Number(inside.key) + 1;
      wantsKey = !inside.list;
      continue;
    }
    if (token === "}" || token === "]") {
      open.pop();
      wantsKey = false;
      continue;
    }
    if (token === ":" || token === ",") continue;
    if (wantsKey && inside !== undefined) {
      inside.key = JSON.parse(token) as string;
      wantsKey = false;
      if (offsets.has(JSON.stringify(open.map(({ key }) => key)))) again?.(open.map(({ key }) => key));
      note(index);
      continue;
    }
    note(index);
    if (token !== "{" && token !== "[") continue;
    open.push({ list: token === "[", key: token === "[" ? 0 : "" });
    wantsKey = token === "{";
  }
  return (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const at = offsets.get(JSON.stringify(path.slice(0, length)));
      if (at !== undefined) return placeAt(text, at);
    }
    return undefined;
  };
}

/** The place of a character. */
export function placeAt(text: string, at: number): Place {
  const before = text.slice(0, at);
  const newline = before.lastIndexOf("\n");
  return { line: before.split("\n").length, column: at - newline };
}
