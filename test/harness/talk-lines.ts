// The lines of a talk file: comments dropped, continuation lines joined, `for` lines multiplied out.

/** A logical line. */
export interface TalkLine {
  readonly line: number;
  readonly text: string;
  /** Lines of a block (`any order`). */
  readonly block: readonly TalkLine[];
}

/** The value of each `for` variable in one case. */
export type Values = ReadonlyMap<string, string>;

const STEP = /^\s+\S+\s+[<>]\s/;

/** Joins indented lines to the line before them; those after `any order` are its block. */
export function linesOf(text: string): TalkLine[] {
  const lines: { line: number; text: string; block: { line: number; text: string; block: [] }[] }[] = [];
  text.split("\n").forEach((raw, index) => {
    if (raw.trim() === "" || /^\s*#/.test(raw)) return;
    const current = lines.at(-1);
    const line = index + 1;
    if (!/^\s/.test(raw) || current === undefined) lines.push({ line, text: raw.trimEnd(), block: [] });
    else if (current.text === "any order" && STEP.test(raw)) current.block.push({ line, text: raw.trim(), block: [] });
    else join(current.block.at(-1) ?? current, raw.trim());
  });
  return lines;
}

/** Elements follow one another without space; anything else is parted by one. */
function join(line: { text: string }, more: string): void {
  line.text += more.startsWith("<") && line.text.endsWith(">") ? more : ` ${more}`;
}

/** Every combination of the values of `for $x in a b c` lines, which are left out of the rest. */
export function multiply(lines: readonly TalkLine[]): { values: Values; lines: TalkLine[] }[] {
  let cases: Map<string, string>[] = [new Map()];
  const rest: TalkLine[] = [];
  for (const line of lines) {
    const loop = /^for \$([\w-]+) in (.+)$/.exec(line.text);
    if (loop === null) {
      rest.push(line);
      continue;
    }
    const [, name = "", list = ""] = loop;
    cases = cases.flatMap((values) =>
      list
        .trim()
        .split(/\s+/)
        .map((value) => new Map([...values, [name, value]])),
    );
  }
  return cases.map((values) => ({ values, lines: rest.map((line) => replaced(line, values)) }));
}

function replaced(line: TalkLine, values: Values): TalkLine {
  return { line: line.line, text: fill(line.text, values), block: line.block.map((inner) => replaced(inner, values)) };
}

/** Puts values in place of `$x`; captures, written `{$x}`, are left alone. */
function fill(text: string, values: Values): string {
  return text.replace(/(\{?)\$([A-Za-z][\w-]*)/g, (whole, brace: string, name: string) =>
    brace === "" ? (values.get(name) ?? whole) : whole,
  );
}
