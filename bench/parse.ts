// Speed of the tokenizer beside ltx and saxes, as a table; the measuring is `parse/parse.ts`.
import type { Row, Table } from "./harness/figures.ts";
import type { Options } from "./options.ts";
import { run } from "./parse/parse.ts";

/** Chunks as a busy socket gives them, and as a slow one does. */
const CHUNK_BYTES = [16 * 1024, 256];

/** Measures every reader on the same text, on this process's core. */
export async function parse(options: Options): Promise<Table[]> {
  return CHUNK_BYTES.map((chunkBytes) => {
    const figures = run({ chunkBytes, rounds: 40 * options.rounds });
    const ours = figures[0]?.megabytes ?? Number.NaN;
    const rows: Row[] = figures.map(({ name, megabytes, micros }) => ({
      reader: name,
      "MB/s": megabytes,
      "µs/stanza": micros,
      "meridian / this": ours / megabytes,
    }));
    return {
      title: `parse: chat stanzas in chunks of ${chunkBytes} bytes; best of ${40 * options.rounds} rounds`,
      rows,
    };
  });
}
