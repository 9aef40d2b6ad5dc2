// Frames of the node bus as text: a kind and fields with their lengths, many in one message.

/** One frame. */
export interface Frame {
  readonly kind: string;
  readonly fields: readonly string[];
}

/** A frame as text: kind, number of fields, then each with its length in UTF-16 units. */
export function encodeFrame(kind: string, fields: readonly string[]): string {
  return `${kind} ${fields.length};${encodeFields(fields)}`;
}

/** A numbered frame: its number and what it is are its first two fields. */
export function encodeNumbered(number: number, kind: string, fields: readonly string[]): string {
  const digits = String(number);
  const head = `# ${fields.length + 2};${digits.length}:${digits}${kind.length}:${kind}`;
  return head + encodeFields(fields);
}

/** Added up and not joined: it leaves within the turn, and is made one piece by whoever writes it to a socket. */
function encodeFields(fields: readonly string[]): string {
  let text = "";
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] as string;
    text += `${field.length}:${field}`;
  }
  return text;
}

/** Every frame of a message; from where it is not whole on it is dropped, for only a broken peer would send that. */
export function decodeFrames(text: string): Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  while (at < text.length) {
    const semicolon = text.indexOf(";", at);
    const space = text.lastIndexOf(" ", semicolon);
    if (semicolon === -1 || space < at) return frames;
    const kind = text.slice(at, space);
    const count = Number(text.slice(space + 1, semicolon));
    const fields: string[] = [];
    at = semicolon + 1;
    for (let i = 0; i < count; i++) {
      let length = 0;
      let digit = text.charCodeAt(at) - ZERO;
      const first = at;
      while (digit >= 0 && digit <= 9) {
        length = length * 10 + digit;
        digit = text.charCodeAt(++at) - ZERO;
      }
      if (at === first || text.charCodeAt(at) !== COLON || at + 1 + length > text.length) return frames;
      fields.push(text.slice(at + 1, at + 1 + length));
      at += 1 + length;
    }
    frames.push({ kind, fields });
  }
  return frames;
}

const ZERO = 48;
const COLON = 58;

/** Numbers as text, those that follow one another as a run: `1-5 7`. */
export function encodeRuns(numbers: readonly number[]): string {
  let text = "";
  for (let i = 0; i < numbers.length; i++) {
    const first = numbers[i] as number;
    let last = first;
    while (numbers[i + 1] === last + 1) last = numbers[++i] as number;
    text += `${text === "" ? "" : " "}${last === first ? first : `${first}-${last}`}`;
  }
  return text;
}

/** Calls `each` with every number of such a text that is no lower than `low` and below `next`; others were never ours. */
export function eachOfRuns(text: string, low: number, next: number, each: (number: number) => void): void {
  for (const run of text.split(" ")) {
    const [first = "", last = first] = run.split("-");
    const end = Math.min(Number(last), next - 1);
    for (let number = Math.max(Number(first), low); number <= end; number++) each(number);
  }
}
