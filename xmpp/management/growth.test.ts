// What is accepted at the client's door, as it is written on its way: never over the bounds by more than is said to be added.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { ADDED, FROM_CLIENTS, type StanzaBounds } from "../bounds.ts";
import { Jid } from "../jid/jid.ts";
import { Stanza } from "../stanza/stanza.ts";
import { stanzaLimits } from "../xml/limits.ts";
import { StreamTokenizer } from "../xml/tokenizer.ts";

const NS_STREAM = "http://etherx.jabber.org/streams";
const BOUND = FROM_CLIENTS.attributes;
/** Addresses that grow as they are escaped. */
const FROM = Jid.parse(`romeo@verona.test/${"'".repeat(1023)}`);
const TO = Jid.parse(`juliet@verona.test/${"&".repeat(1023)}`);

interface Found {
  readonly stanza: Stanza;
  readonly flaw: string | undefined;
}

/** Elements that a stream with this header brings under these bounds, and their flaws. */
function read(header: string, text: string, bounds: StanzaBounds): Found[] {
  const found: Found[] = [];
  const tokenizer = new StreamTokenizer(
    {
      streamOpen: () => tokenizer.setLimits(stanzaLimits(bounds)),
      element: (raw) =>
        void found.push({
          stanza: Stanza.fromRaw(raw, FROM, TO, "it", FROM_CLIENTS.bytes + ADDED.bytes),
          flaw: raw.flaw,
        }),
      streamClose: () => {},
      whitespace: () => {},
      error: (condition, fault) => {
        throw new Error(`${condition}: ${fault}`);
      },
    },
    stanzaLimits(bounds),
  );
  tokenizer.write(`<stream:stream xmlns='jabber:client' xmlns:stream='${NS_STREAM}'${header}>${text}`);
  return found;
}

function times(count: number, one: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => one(i)).join("");
}

const declares = (name: string, count: number) => times(count, (i) => ` xmlns:${name}${i}='u:${name}${i}'`);
const uses = (name: string, count: number) => times(count, (i) => ` ${name}${i}:k=''`);
const upTo = (most: number) => fc.oneof(fc.constant(0), fc.constant(most), fc.integer({ min: 0, max: most }));

/** A header and a stanza whose counts are at, or about, the bounds. */
const shapes = fc
  .record({
    header: upTo(BOUND - 4),
    ofHeader: upTo(BOUND),
    declared: upTo(BOUND),
    plain: upTo(BOUND),
    within: upTo(BOUND),
    withinUses: upTo(BOUND),
    depth: upTo(FROM_CLIENTS.depth - 1),
    prefix: fc.constantFrom("", "c:", "h0:"),
    greater: fc.constantFrom(0, 0, 1, 50_000, 255_000),
  })
  .map(({ header, ofHeader, declared, plain, within, withinUses, depth, prefix, greater }) => {
    const own = prefix === "c:" ? " xmlns:c='jabber:client'" : "";
    const content = prefix === "h0:" ? " xmlns:h0='jabber:client'" : declares("h", header);
    const leaf = `<leaf${declares("l", within)}${uses("l", Math.min(within, withinUses))}/>`;
    const inner = `<body xmlns='jabber:client'${uses("h", prefix === "h0:" ? 0 : Math.min(header, ofHeader))}>${">".repeat(greater)}</body>`;
    const nest = Math.max(0, depth - 1);
    const tree = `${times(nest, () => "<a>")}${leaf}${"</a>".repeat(nest)}`;
    const head = `${prefix}message${own}${declares("d", declared)}${times(plain, (i) => ` a${i}=''`)}`;
    return { header: content, text: `<${head}>${inner}${tree}</${prefix}message>` };
  });

const WITH_ADDED: StanzaBounds = {
  bytes: FROM_CLIENTS.bytes + ADDED.bytes,
  depth: FROM_CLIENTS.depth + ADDED.depth,
  attributes: FROM_CLIENTS.attributes + ADDED.attributes,
  prefixes: FROM_CLIENTS.prefixes + ADDED.prefixes,
};

test("whatever is accepted is within the bounds and what is added, however it is written", () => {
  const count = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(shapes, ({ header, text }) => {
      const stanza = read(header, text, FROM_CLIENTS)[0]!.stanza;
      count[stanza.flaw === undefined ? "accepted" : "refused"]++;
      if (stanza.flaw !== undefined) return;
      const copy = `<message><sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>${stanza.framed()}</forwarded></sent></message>`;
      const written = read(" xmlns:db='jabber:server:dialback'", stanza.text() + stanza.framed() + copy, WITH_ADDED);
      expect(written.map(({ flaw }) => flaw)).toEqual([undefined, undefined, undefined]);
    }),
    { numRuns: 150 },
  );
  expect(Math.min(count.accepted, count.refused)).toBeGreaterThan(5);
});

test("prefixes that a stanza takes from its stream's header count as its own", () => {
  const flaw = (own: number) => {
    const text = `<message${times(own, (i) => ` a${i}=''`)}><x${uses("h", 40)}/></message>`;
    return read(declares("h", 40), text, FROM_CLIENTS)[0]?.stanza.flaw;
  };
  expect([flaw(BOUND - 40), flaw(BOUND - 39)]).toEqual([undefined, "too many attributes"]);
});
