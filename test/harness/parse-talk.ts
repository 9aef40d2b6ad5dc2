// Reads a `.talk` file. The format is told in test/talks/README.md.

import type { StoreState } from "./faulty-store.ts";
import { type Expectation, type Options, type Step, type Talk, TalkSyntaxError } from "./talk.ts";
import { linesOf, multiply, type TalkLine, type Values } from "./talk-lines.ts";

/** Parses a talk. @throws TalkSyntaxError naming file and line */
export function parseTalk(text: string, file: string): Talk {
  const [first, ...rest] = linesOf(text);
  if (first === undefined) throw new TalkSyntaxError(file, 1, "the first line is the title");
  const [title = "", ...references] = first.text.split(/\s{2,}/);
  const cases = multiply(rest).map(({ values, lines }) => ({
    title: title + label(values),
    steps: lines.map((line) => parseStep(line, file)),
  }));
  return {
    file,
    title,
    references: references.flatMap((some) => some.split(/,\s*/)).filter((one) => one !== ""),
    cases,
  };
}

function label(values: Values): string {
  return values.size === 0 ? "" : ` [${[...values].map(([name, value]) => `${name}=${value}`).join(" ")}]`;
}

type Parse = (fields: string[], line: TalkLine) => Step | string;

/** Forms of a line: a regular expression, and what its groups mean. A string is what is wrong. */
const FORMS: readonly (readonly [RegExp, Parse])[] = [
  [
    /^server\s+(\S+)\s*(.*)$/,
    ([domain, rest], { line }) => ({ line, do: "server", domain: domain!, options: options(rest) }),
  ],
  [
    /^host\s+(\S+)\s*(.*)$/,
    ([domain, rest], { line }) => ({ line, do: "host", domain: domain!, options: options(rest) }),
  ],
  [
    /^peer\s+(\S+)\s*(.*)$/,
    ([domain, rest], { line }) => ({ line, do: "peer", domain: domain!, options: options(rest) }),
  ],
  [/^dns\s+asked (\S+)$/, ([name], { line }) => ({ line, do: "asked", name: name! })],
  [/^dns\s+(\S+)\s+(.+)$/, ([name, data], { line }) => ({ line, do: "dns", name: name!, data: data!.split(/\s+/) })],
  [/^account\s+(\S+)(?:\s+(\S+))?$/, ([jid, password], { line }) => ({ line, do: "account", jid: jid!, password })],
  [
    /^roster\s+(\S+)\s+(\S+)\s*(.*)$/,
    ([owner, contact, rest], { line }) => ({
      line,
      do: "roster",
      owner: owner!,
      contact: contact!,
      options: options(rest),
    }),
  ],
  [
    /^clock\s+\+(\d+)(ms|s|m|h|d)$/,
    ([count, unit], { line }) => ({ line, do: "clock", ms: Number(count) * UNITS[unit!]! }),
  ],
  [/^close\s+(\S+)$/, ([who], { line }) => ({ line, do: "close", who: who! })],
  [/^cut\s+(\S+)$/, ([who], { line }) => ({ line, do: "cut", who: who! })],
  [/^down\s+(\S+)$/, ([domain], { line }) => ({ line, do: "down", domain: domain! })],
  [
    /^drain\s+(\S+)(?:\s+node=(\d+))?$/,
    ([domain, node], { line }) => ({
      line,
      do: "drain",
      domain: domain!,
      node: node === undefined ? undefined : Number(node),
    }),
  ],
  [
    /^store\s+(\S+)\s+(\S+)\s+(works|fails|hangs)$/,
    ([domain, operation, state], { line }) => ({
      line,
      do: "store",
      domain: domain!,
      operation: operation!,
      state: state as StoreState,
    }),
  ],
  [/^any order$/, (_, { line, block }) => anyOrder(line, block)],
  [/^(\S+)\s+>>\s+(".*")$/, ([who, text], { line }) => ({ line, do: "bytes", who: who!, bytes: bytesOf(text!) })],
  [/^(\S+)\s+>\s+(.+)$/, ([who, text], { line }) => ({ line, do: "send", who: who!, text: text! })],
  [/^(\S+)\s+drips\s+(.+)$/, ([who, text], { line }) => ({ line, do: "drip", who: who!, text: text! })],
  [/^(\S+)\s+<\s+(.+)$/, ([who, text], { line }) => ({ line, do: "expect", who: who!, text: text! })],
  [/^(\S+)\s+quiet(?: through (\S+))?$/, ([who, through], { line }) => ({ line, do: "quiet", who: who!, through })],
  [/^(\S+)\s+closed$/, ([who], { line }) => ({ line, do: "closed", who: who! })],
  [/^(\S+)\s+opens\s*(.*)$/, ([who, rest], { line }) => ({ line, do: "open", who: who!, options: options(rest) })],
  [/^(\S+)\s+sees error(?: (\S+))?$/, ([who, condition], { line }) => ({ line, do: "error", who: who!, condition })],
  [
    /^(\S+)\s+authenticates (\S+)\s*(.*)$/,
    ([who, mechanism, rest], { line }) => ({
      line,
      do: "authenticate",
      who: who!,
      mechanism: mechanism!,
      options: options(rest),
    }),
  ],
  [
    /^(\S+)\s+=\s+(\S+) (connects|accepts)\s*(.*)$/,
    ([name, peer, way, rest], { line }) => ({
      line,
      do: "wire",
      name: name!,
      peer: peer!,
      way: way as "connects" | "accepts",
      options: options(rest),
    }),
  ],
  [
    /^(\S+)\s+=\s+(\S+)\s*(.*)$/,
    ([name, jid, rest], { line }) => ({ line, do: "client", name: name!, jid: jid!, options: options(rest) }),
  ],
];

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseStep(line: TalkLine, file: string): Step {
  for (const [form, parse] of FORMS) {
    const found = form.exec(line.text);
    if (found === null) continue;
    const step = parse(found.slice(1), line);
    if (typeof step !== "string") return step;
    throw new TalkSyntaxError(file, line.line, step);
  }
  throw new TalkSyntaxError(file, line.line, `no form of a line: ${line.text}`);
}

function anyOrder(line: number, block: readonly TalkLine[]): Step | string {
  const expectations: Expectation[] = [];
  for (const inner of block) {
    const [, who, text] = /^(\S+)\s+<\s+(.+)$/.exec(inner.text) ?? [];
    if (who === undefined || text === undefined) return `in "any order" every line is "name < …": ${inner.text}`;
    expectations.push({ line: inner.line, who, text });
  }
  return expectations.length < 2 ? '"any order" needs two expectations' : { line, do: "any order", expectations };
}

/** `a=1 b="x y" flag` → pairs; a flag is `true`. */
export function options(text: string | undefined): Options {
  const pairs = new Map<string, string>();
  for (const [, name, quoted, plain] of (text ?? "").matchAll(/([^\s=]+)(?:=(?:"([^"]*)"|(\S+)))?/g))
    pairs.set(name as string, quoted ?? plain ?? "true");
  return pairs;
}

/** A string as in JSON with `\xNN` besides, as bytes. */
function bytesOf(text: string): Uint8Array {
  const parts = text.slice(1, -1).split(/(\\x[0-9A-Fa-f]{2})/);
  return Buffer.concat(
    parts.map((part) =>
      /^\\x/.test(part)
        ? Buffer.from([Number.parseInt(part.slice(2), 16)])
        : Buffer.from(JSON.parse(`"${part}"`) as string),
    ),
  );
}
