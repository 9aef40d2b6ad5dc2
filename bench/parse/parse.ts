// How fast a stream of chat stanzas is read: our tokenizer (alone, and with a tree for each), ltx's parser, bare saxes.
import type { EventEmitter } from "node:events";
import { Element, Parser } from "ltx";
import { SaxesParser } from "saxes";
import { DEFAULT_XML_LIMITS, StreamTokenizer } from "../../xmpp/xml/tokenizer.ts";

const HEADER =
  "<?xml version='1.0'?><stream:stream to='example.org' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

/** Chat as clients send it: 200 to 300 bytes, an id, a body, a chat state, a receipt request. */
function stanza(k: number): string {
  return `<message to='juliet-${k % 100}@example.org/balcony' id='${k.toString(36)}-8f2c61' type='chat'><body>Art thou not Romeo, and a Montague? ${k}</body><active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/></message>`;
}

/** One reader's figures. */
export interface ParseFigure {
  readonly name: string;
  /** Megabytes (10^6 bytes) a second. */
  readonly megabytes: number;
  /** µs a stanza. */
  readonly micros: number;
}

type Reader = (chunks: readonly string[]) => number;

function tokenize(asTree: boolean): Reader {
  return (chunks) => {
    let count = 0;
    const tokenizer = new StreamTokenizer(
      {
        streamOpen() {},
        element(raw) {
          if (asTree) raw.toElement();
          count++;
        },
        streamClose() {},
        whitespace() {},
        error(condition, text) {
          throw new Error(`${condition}: ${text}`);
        },
      },
      DEFAULT_XML_LIMITS,
    );
    for (const chunk of chunks) tokenizer.write(chunk);
    return count;
  };
}

/** ltx's parser as it comes from its package: its events alone, or with trees as `@xmpp/xml` makes them. */
function ltx(asTree: boolean): Reader {
  return (chunks) => {
    let count = 0;
    let depth = 0;
    let element: Element | undefined;
    // The wrapper's own listeners would keep the whole stream as one tree.
    const parser = (new Parser() as unknown as { parser: EventEmitter & { write(text: string): void } }).parser;
    parser.removeAllListeners();
    parser.on("startElement", (name: string, attributes: Record<string, string>) => {
      depth++;
      if (!asTree || depth === 1) return;
      const child = new Element(name, attributes);
      element = element === undefined ? child : (element.cnode(child) as Element);
    });
    parser.on("text", (text: string) => {
      if (asTree) element?.t(text);
    });
    parser.on("endElement", () => {
      depth--;
      if (depth === 1) count++;
      element = depth === 1 ? undefined : (element?.parent ?? undefined);
    });
    for (const chunk of chunks) parser.write(chunk);
    return count;
  };
}

const saxes: Reader = (chunks) => {
  let count = 0;
  let depth = 0;
  const parser = new SaxesParser({ xmlns: true, position: false });
  parser.on("opentag", () => {
    depth++;
  });
  parser.on("closetag", () => {
    if (--depth === 1) count++;
  });
  parser.on("text", () => {});
  for (const chunk of chunks) parser.write(chunk);
  return count;
};

const READERS: readonly (readonly [string, Reader])[] = [
  ["meridian", tokenize(false)],
  ["meridian with trees", tokenize(true)],
  ["ltx", ltx(false)],
  ["ltx with trees", ltx(true)],
  ["saxes", saxes],
];

/** Text in chunks as a socket gives them, each flat and with no parent. */
function chunked(text: string, size: number): string[] {
  const bytes = Buffer.from(text);
  const chunks: string[] = [];
  for (let i = 0; i < bytes.length; i += size)
    chunks.push(bytes.toString("latin1", i, Math.min(i + size, bytes.length)));
  return chunks;
}

/**
 * Measures every reader on the same text, in turns, so that whatever else the machine does falls on all; the best of
 * many short rounds counts. @throws Error where one loses stanzas
 */
export function run(options: { stanzas?: number; chunkBytes?: number; rounds?: number } = {}): ParseFigure[] {
  const { stanzas = 1000, chunkBytes = 16 * 1024, rounds = 200 } = options;
  let text = HEADER;
  for (let k = 0; k < stanzas; k++) text += stanza(k);
  const chunks = chunked(text, chunkBytes);
  const best = READERS.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round++)
    READERS.forEach(([name, read], k) => {
      const start = process.hrtime.bigint();
      const count = read(chunks);
      best[k] = Math.min(best[k] as number, Number(process.hrtime.bigint() - start) / 1000);
      if (count !== stanzas) throw new Error(`${name} read ${count} of ${stanzas} stanzas`);
    });
  return READERS.map(([name], k) => {
    const micros = best[k] as number;
    return { name, megabytes: text.length / micros, micros: micros / stanzas };
  });
}

/** The figures as lines of a table, with the ratio of our speed to each. */
export function table(figures: readonly ParseFigure[]): string[] {
  const own = figures[0]?.megabytes ?? 0;
  return figures.map(
    ({ name, megabytes, micros }) =>
      `${name.padEnd(22)}${megabytes.toFixed(1).padStart(8)} MB/s ${micros.toFixed(2).padStart(7)} µs/stanza   ours ×${(own / megabytes).toFixed(1)}`,
  );
}

if (import.meta.main) {
  for (const chunkBytes of [256, 16 * 1024]) {
    console.log(`chunks of ${chunkBytes} bytes`);
    for (const line of table(run({ chunkBytes }))) console.log(`  ${line}`);
  }
}
