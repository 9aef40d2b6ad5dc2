// What leaves the server, read by expat as clients and servers build on it: nothing it writes is refused. FUZZ_SEED, FUZZ_RUNS.
import { spawnSync } from "node:child_process";
import { expect, test } from "@jest/globals";
import { ADDED, FROM_CLIENTS } from "../../server/config/bounds.ts";
import { Jid } from "../../server/jid/jid.ts";
import { Stanza } from "../../server/stanza/stanza.ts";
import { stanzaLimits } from "../../server/xml/limits.ts";
import { StreamTokenizer } from "../../server/xml/tokenizer.ts";
import { makeStream, mutate } from "./xml-corpus.ts";
import { Random } from "./xml-random.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 1500);
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 0xffffffff));

/** Reads a list of documents, and tells which expat refuses, with any of the separators that are in use. */
const READER = `
import json, sys, xml.parsers.expat as e
bad = []
for i, text in enumerate(json.load(sys.stdin)):
    for separator in ("}", " ", "\\n", "\\x01"):
        try:
            e.ParserCreate("UTF-8", separator).Parse(text.encode("utf-8"), True)
        except e.ExpatError as error:
            bad.append([i, separator, str(error)])
json.dump(bad, sys.stdout)
`;

const missing = spawnSync("python3", ["-c", "import xml.parsers.expat"]).status !== 0;
const FROM = Jid.parse("romeo@example.net/orchard");
const TO = Jid.parse("juliet@example.com");
const ODD = ["\u{1f600}", "\u0221", "\u00e9", "a\u0300", "b}", "c d", "\u0660x"];

/** A stream with a few names and namespaces that not every parser takes. */
function make(random: Random): string {
  let text = makeStream(random);
  if (random.chance(50)) text = text.replace(/<(body|x|a)\b/, `<${random.pick(ODD)} xmlns='${random.pick(ODD)}'/>$&`);
  if (random.chance(30)) text = text.replace(/<(message|presence)\b/, `$& ${random.pick(ODD)}='1'`);
  return random.chance(50) ? mutate(text, random) : text;
}

/** Each stanza of the text as it goes out: over TCP, in a frame, within a copy. */
function written(text: string): string[] {
  const out: string[] = [];
  const tokenizer = new StreamTokenizer(
    {
      streamOpen: () => {},
      element: (raw) => {
        if (!/^(?:message|presence|iq)$/.test(raw.name)) return;
        const stanza = Stanza.fromRaw(raw, FROM, TO, "it", FROM_CLIENTS.bytes + ADDED.bytes);
        if (stanza.flaw !== undefined) return;
        const copy = `<message xmlns='jabber:client'><sent xmlns='urn:xmpp:carbons:2'>${stanza.framed()}</sent></message>`;
        out.push(`<s:stream xmlns:s='u:s' xmlns='jabber:server'>${stanza.text()}</s:stream>`, stanza.framed(), copy);
      },
      streamClose: () => {},
      whitespace: () => {},
      error: () => {},
    },
    stanzaLimits(FROM_CLIENTS),
  );
  tokenizer.write(text);
  return out;
}

(missing && process.env.CI === undefined ? test.skip : test)(
  `expat takes all that is written (needs python3; seed ${SEED})`,
  () => {
    const documents: string[] = [];
    for (let k = 0; k < RUNS; k++) documents.push(...written(make(new Random((SEED + k) >>> 0))));
    expect(documents.length).toBeGreaterThan(RUNS / 10);
    const { stdout } = spawnSync("python3", ["-c", READER], {
      input: JSON.stringify(documents),
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    const bad = (JSON.parse(stdout) as [number, string, string][]).map(([i, ...why]) => [documents[i], ...why]);
    expect(bad.slice(0, 3)).toEqual([]);
  },
  2 ** 30,
);
