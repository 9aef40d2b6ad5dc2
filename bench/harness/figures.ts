// Figures: medians, ratios, and tables to print.

/** Median of a list; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** One line of a table, and of the JSON output. */
export type Row = Record<string, string | number>;

/** A titled table. */
export interface Table {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** A figure as people read it: three significant digits, no more than two decimals. */
export function show(value: string | number): string {
  if (typeof value === "string") return value;
  if (!Number.isFinite(value)) return "-";
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** A table as text: the first column to the left, the others to the right. */
export function format({ title, rows }: Table): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = [columns, ...rows.map((row) => columns.map((column) => show(row[column] ?? "")))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => (line[index] ?? "").length)));
  const lines = cells.map((line) =>
    line
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join("  "),
  );
  lines.splice(1, 0, widths.map((width) => "-".repeat(width)).join("  "));
  return `\n${title}\n\n${lines.join("\n")}\n`;
}

/** "0.31 of ejabberd": ours in relation to theirs, empty for ours. */
export function ratio(ours: number | undefined, theirs: number): number {
  return ours === undefined ? Number.NaN : ours / theirs;
}
