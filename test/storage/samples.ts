// Data that the contract's tests share: roster items, keys, and strings that stores trip over.

import type { RosterItem } from "../../server/modules/roster/port.ts";
import type { Credentials } from "../../server/ports/store.ts";

/** A roster item; `over` replaces parts of it. */
export function rosterItem(jid: string, over: Partial<RosterItem> = {}): RosterItem {
  return {
    jid,
    name: "",
    groups: [],
    subscription: "none",
    ask: false,
    approved: false,
    pendingIn: undefined,
    listed: true,
    ...over,
  };
}

/** Keys of two hashes, every byte value among them. */
export const credentials: Credentials = {
  "SHA-1": {
    salt: Buffer.from([0, 1, 2, 253, 254, 255]),
    iterations: 4096,
    storedKey: Buffer.from(Array.from({ length: 20 }, (_, n) => n * 12)),
    serverKey: Buffer.alloc(20, 7),
  },
  "SHA-512": {
    salt: Buffer.from(Array.from({ length: 256 }, (_, n) => n)),
    iterations: 100_000,
    storedKey: Buffer.alloc(64, 1),
    serverKey: Buffer.alloc(64, 2),
  },
};

/** Texts that must come back as they went in, each different from every other as a key. */
export const oddTexts: readonly string[] = [
  "it's",
  'say "hi"',
  "back\\slash",
  "percent%_underscore",
  "semi;colon--comment",
  "`tick`",
  "💃🏽",
  "ﷺ",
  "é",
  "e\u0301",
  "E",
  "e",
  "ß",
  "ss",
  "ı",
  "i",
  "I",
  "trailing ",
  "trailing",
  " leading",
  "tab\tand\nline",
  "\u0001",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "0",
  "00",
  "{}",
  "$1 ? :name @p",
  "\u{10FFFF}",
  "\uFFFD",
];

/** A text of exactly so many bytes, of characters of one to four bytes. */
export function textOfBytes(bytes: number): string {
  const unit = "aé€💃";
  const text = unit.repeat(Math.floor(bytes / Buffer.byteLength(unit)));
  return text + "z".repeat(bytes - Buffer.byteLength(text));
}
