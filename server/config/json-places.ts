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

/** Places of every setting of a text that is JSON: of its name in an object, of itself in an array. */
export function placesOf(text: string): (path: readonly PropertyKey[]) => Place | undefined {
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
