// What went over the wires of a talk, with directions and times, for the report of a failure.

/** Everything that happened in a talk, in order. */
export class Transcript {
  private readonly lines: { readonly at: number; readonly who: string; readonly what: string }[] = [];
  private readonly started = performance.now();

  /** `what` begins with its direction: `>` sent, `<` received, `-` happened. */
  add(who: string, what: string): void {
    this.lines.push({ at: performance.now() - this.started, who, what });
  }

  /** Puts one line in place of all that a wire did so far: a negotiation that was not the subject. */
  collapse(who: string, what: string): void {
    const others = this.lines.filter((line) => line.who !== who);
    this.lines.length = 0;
    this.lines.push(...others);
    this.add(who, what);
  }

  /** The timeline as text; only one wire's where named. */
  show(who?: string): string {
    const width = Math.max(0, ...this.lines.map((line) => line.who.length));
    return this.lines
      .filter((line) => who === undefined || line.who === who)
      .map(({ at, who: name, what }) => `${at.toFixed(1).padStart(8)} ms  ${name.padEnd(width)} ${shorten(what)}`)
      .join("\n");
  }
}

const LONGEST = 1200;

function shorten(text: string): string {
  const printable = text.replace(
    /[^\P{Cc}\n]/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return printable.length <= LONGEST ? printable : `${printable.slice(0, LONGEST)}… (${printable.length} characters)`;
}
