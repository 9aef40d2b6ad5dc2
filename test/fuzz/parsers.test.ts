// What leaves the server, read by expat, libxml2 and saxes: none refuses it, and all see what we think we wrote. FUZZ_SEED, FUZZ_RUNS.
import { expect, test } from "@jest/globals";
import type { Element } from "ltx";
import { copy } from "../../server/modules/carbons/carbons.ts";
import { ADDED, FROM_CLIENTS } from "../../xmpp/bounds.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { withDelay } from "../../xmpp/stanza/delay.ts";
import { errorReply } from "../../xmpp/stanza/error.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { stanzaLimits } from "../../xmpp/xml/limits.ts";
import { isContentNamespace } from "../../xmpp/xml/namespaces.ts";
import { selfContained } from "../../xmpp/xml/self-contained.ts";
import { StreamTokenizer } from "../../xmpp/xml/tokenizer.ts";
import { needing } from "../harness/needing.ts";
import { find } from "../harness/software.ts";
import { parseXml } from "../harness/xml-node.ts";
import { normal, ofElement, ofNode, type Reading, readByOthers, type Tree } from "./trees.ts";
import { makeStream, mutate } from "./xml-corpus.ts";
import { Random } from "./xml-random.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 300);
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 0xffffffff));
/** Documents for one run of Python. */
const BATCH = 4_000;

const FROM = Jid.parse("romeo@example.net/orchard & 'so'");
const TO = Jid.parse("juliet@example.com");
const NOON = Date.UTC(2027, 0, 15, 12);
const ODD = [
  "\u{1f600}",
  "\u0221",
  "\u00e9",
  "a\u0300",
  "b}",
  "c d",
  "\u0660x",
  "a_b:c",
  "u:%zz",
  "http://h:p/",
  "//h:",
  "a#b#c",
];

/** A text that leaves the server, and the tree that a reader has to find, so many elements below its root. */
interface Written {
  readonly text: string;
  readonly below: number;
  readonly tree: string;
}

/** A stream with a few names and namespaces that not every parser takes. */
function make(random: Random): string {
  let text = makeStream(random);
  if (random.chance(50))
    text = text.replace(/<(body|x|a)\b/, `<${random.pick(["a", ...ODD])} xmlns='${random.pick(["u:1", ...ODD])}'/>$&`);
  if (random.chance(30)) text = text.replace(/<(message|presence)\b/, `$& ${random.pick(ODD)}='1'`);
  return random.chance(50) ? mutate(text, random) : text;
}

/** What the stanzas of the text are sent as, each way. */
function written(text: string): Written[] {
  const out: Written[] = [];
  const tokenizer = new StreamTokenizer(
    {
      streamOpen: () => {},
      element: (raw) => {
        if (!/^(?:message|presence|iq)$/.test(raw.name) || !isContentNamespace(raw.xmlns)) return;
        const stanza = Stanza.fromRaw(raw, FROM, TO, "it", FROM_CLIENTS.bytes + ADDED.bytes);
        if (stanza.flaw === undefined) out.push(...forms(stanza, stamped(raw.toElement())));
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

/** What came in, with what the server stamps on it. RFC 6120 §8.1.2.1, §4.7.4 */
function stamped(element: Element): Tree {
  Object.assign(element.attrs, { from: FROM.full, to: TO.full, "xml:lang": element.attrs["xml:lang"] ?? "it" });
  return ofElement(element);
}

function forms(stanza: Stanza, came: Tree): Written[] {
  const tree = normal(came);
  const [name, attributes, content] = came;
  const stamp = "2027-01-15T12:00:00.000Z";
  const delay: Tree = [
    "{urn:xmpp:delay}delay",
    [
      ["from", "example.com"],
      ["stamp", stamp],
    ],
    [],
  ];
  const late = normal([name, attributes, [...content, delay]]);
  const delayed = withDelay(stanza, "example.com", NOON);
  // A store gives back what it was given, and so does another node.
  const kept = Stanza.fromText(delayed.text());
  const answer = errorReply(stanza, "policy-violation", { text: "a > b & c" });
  return [
    { text: inStream(stanza.text()), below: 1, tree },
    { text: stanza.framed(), below: 0, tree },
    { text: inStream(Stanza.fromText(stanza.text()).text()), below: 1, tree },
    { text: copy("sent", stanza, FROM.toBare(), FROM).framed(), below: 3, tree },
    { text: inStream(copy("received", stanza, TO, TO).text()), below: 4, tree },
    { text: inStream(delayed.text()), below: 1, tree: late },
    { text: kept.framed(), below: 0, tree: late },
    { text: inStream(copy("received", kept, TO, TO).text()), below: 4, tree: late },
    { text: answer.framed(), below: 0, tree: normal(ofElement(answer.element())) },
    ...stanza
      .element()
      .getChildElements()
      .map((child) => ({
        text: selfContained(child),
        below: 0,
        tree: normal(ofElement(child)),
      })),
  ];
}

function inStream(text: string): string {
  return `<s:stream xmlns:s='u:s' xmlns='jabber:server' xmlns:db='jabber:server:dialback'>${text}</s:stream>`;
}

/** The element so many levels below the root that a reader found, or why there is none. */
function found(reading: Reading, below: number): string {
  if ("refused" in reading) return `refused: ${reading.refused}`;
  let tree: Tree = reading.tree;
  for (let k = 0; k < below; k++) tree = tree[2].find((child) => typeof child !== "string") as Tree;
  return normal(tree);
}

function bySaxes(text: string): Reading {
  try {
    return { tree: ofNode(parseXml(text)) };
  } catch (error) {
    return { refused: (error as Error).message };
  }
}

needing("lxml").test(
  `expat, libxml2 and saxes read what we wrote (seed ${SEED})`,
  () => {
    let count = 0;
    let batch: (Written & { readonly seed: number })[] = [];
    const check = () => {
      const others = readByOthers(
        find("lxml") ?? "",
        batch.map(({ text }) => text),
      );
      batch.forEach(({ text, below, tree, seed }, i) => {
        const { expat, libxml2 } = others[i]!;
        const seen = [bySaxes(text), libxml2, ...expat].map((reading) => found(reading, below));
        if (seen.every((one) => one === tree)) return;
        const again = `FUZZ_SEED=${seed} FUZZ_RUNS=1 ${text}`;
        expect({ again, seen }).toEqual({ again, seen: seen.map(() => tree) });
      });
      count += batch.length;
      batch = [];
    };
    for (let k = 0; k < RUNS; k++) {
      const seed = (SEED + k) >>> 0;
      batch.push(...written(make(new Random(seed))).map((one) => ({ ...one, seed })));
      if (batch.length >= BATCH) check();
    }
    check();
    expect(count).toBeGreaterThan(RUNS / 10);
  },
  2 ** 30,
);

test("trees that differ in a name, a namespace, an attribute or a text are told apart", () => {
  const of = (text: string) => normal(ofNode(parseXml(text)));
  const same = "<a xmlns='u' xmlns:p='v' p:b='1' c='2'>x<d/>y</a>";
  expect(of("<q:a xmlns:q='u' c='2' xmlns:r='v' r:b='1'>x<q:d></q:d>y</q:a>")).toBe(of(same));
  for (const other of ["p:b='2'", "b='1'", "p:b='1' e=''"])
    expect(of(same.replace("p:b='1'", other))).not.toBe(of(same));
  for (const other of ["<a xmlns='w'", "<p:a xmlns='u'"])
    expect(
      of(same.replace("<a xmlns='u'", other).replace("</a>", other.startsWith("<p") ? "</p:a>" : "</a>")),
    ).not.toBe(of(same));
  expect(of(same.replace("y<", " y<"))).not.toBe(of(same));
  expect(of(same.replace("x<d/>y", "xy<d/>"))).not.toBe(of(same));
});
