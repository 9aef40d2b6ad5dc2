// A talk as data: what the parser makes of a `.talk` file and what the runner does.

import type { StoreState } from "./faulty-store.ts";

/** Settings of a line: `key=value` pairs, flags being `true`. */
export type Options = ReadonlyMap<string, string>;

/** One expectation. */
export interface Expectation {
  readonly line: number;
  readonly who: string;
  readonly text: string;
}

/** One thing to set up or to do. `line` is where it stands in the file. */
export type Step = { readonly line: number } & (
  | { readonly do: "server"; readonly domain: string; readonly options: Options }
  | { readonly do: "host"; readonly domain: string; readonly options: Options }
  | { readonly do: "peer"; readonly domain: string; readonly options: Options }
  | { readonly do: "dns"; readonly name: string; readonly data: readonly string[] }
  | { readonly do: "asked"; readonly name: string }
  | { readonly do: "account"; readonly jid: string; readonly password: string | undefined }
  | { readonly do: "roster"; readonly owner: string; readonly contact: string; readonly options: Options }
  | { readonly do: "client"; readonly name: string; readonly jid: string; readonly options: Options }
  | {
      readonly do: "wire";
      readonly name: string;
      readonly peer: string;
      readonly way: "connects" | "accepts";
      readonly options: Options;
    }
  | { readonly do: "clock"; readonly ms: number }
  | { readonly do: "send"; readonly who: string; readonly text: string }
  | { readonly do: "drip"; readonly who: string; readonly text: string }
  | { readonly do: "bytes"; readonly who: string; readonly bytes: Uint8Array }
  | ({ readonly do: "expect" } & Expectation)
  | { readonly do: "any order"; readonly expectations: readonly Expectation[] }
  | { readonly do: "quiet"; readonly who: string; readonly through: string | undefined }
  | { readonly do: "closed"; readonly who: string }
  | { readonly do: "error"; readonly who: string; readonly condition: string | undefined }
  | { readonly do: "authenticate"; readonly who: string; readonly mechanism: string; readonly options: Options }
  | { readonly do: "open"; readonly who: string; readonly options: Options }
  | { readonly do: "close"; readonly who: string }
  | { readonly do: "cut"; readonly who: string }
  | { readonly do: "down"; readonly domain: string }
  | { readonly do: "drain"; readonly domain: string; readonly node: number | undefined }
  | { readonly do: "store"; readonly domain: string; readonly operation: string; readonly state: StoreState }
);

/** One run of a talk: a file with `for` lines has several. */
export interface TalkCase {
  /** Title, with the values of its `for` lines. */
  readonly title: string;
  readonly steps: readonly Step[];
}

/** A talk file. */
export interface Talk {
  readonly file: string;
  readonly title: string;
  /** What it tests: "RFC 6120 §4.9.3.9", "XEP-0220". */
  readonly references: readonly string[];
  readonly cases: readonly TalkCase[];
}

/** A mistake in a talk file. */
export class TalkSyntaxError extends Error {
  override name = "TalkSyntaxError";

  constructor(file: string, line: number, problem: string) {
    super(`${file}:${line}: ${problem}`);
  }
}
