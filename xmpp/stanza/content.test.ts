// Tests of what a kept stanza costs: its own text, once, whatever it came with and however many have it.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "@jest/globals";
import { Jid } from "../jid/jid.ts";
import { NS_CLIENT } from "../xml/namespaces.ts";
import { DEFAULT_XML_LIMITS, StreamTokenizer } from "../xml/tokenizer.ts";
import { Stanza } from "./stanza.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const FROM = Jid.parse("romeo@example.net/orchard");
const TO = Jid.parse("juliet@example.com");
const MIB = 1_048_576;

/** Bytes of the heap that live on in what `make` gives. */
function bytesOf(make: () => unknown): number {
  collect();
  const before = process.memoryUsage().heapUsed;
  const made = make();
  collect();
  const bytes = process.memoryUsage().heapUsed - before;
  // It has to live until here.
  expect(made).toBeDefined();
  return bytes;
}

/** The stanzas of one read of a stream. */
function read(text: string): Stanza[] {
  const found: Stanza[] = [];
  const tokenizer = new StreamTokenizer(
    {
      streamOpen() {},
      element: (raw) => found.push(Stanza.fromRaw(raw, FROM, TO)),
      streamClose() {},
      whitespace() {},
      error(condition, why) {
        throw new Error(`${condition}: ${why}`);
      },
    },
    DEFAULT_XML_LIMITS,
  );
  tokenizer.write(`<stream:stream xmlns='${NS_CLIENT}' xmlns:stream='http://etherx.jabber.org/streams'>`);
  // As the decoder gives it: in one piece.
  tokenizer.write(Buffer.from(text).toString("latin1"));
  return found;
}

const small = (id: string) => `<message id='${id}' type='chat'><body>a few words to somebody slow</body></message>`;
const large = (length: number) => `<message type='chat'><body>${"x".repeat(length)}</body></message>`;

/** Written, as a socket and a store do. */
function write(stanza: Stanza): void {
  expect(stanza.text().isWellFormed()).toBe(true);
}

test("a kept stanza does not keep what was read with it", () => {
  const keep = (): Stanza[] =>
    Array.from({ length: 200 }, (_, n) => {
      const id = `an id that is long enough to be a slice, ${n}`;
      const [kept] = read(small(id) + large(60_000));
      kept?.element();
      kept?.text();
      kept?.detach();
      return kept as Stanza;
    });
  expect(bytesOf(keep)).toBeLessThan(MIB);
});

test("a kept stanza that was written is in memory once", () => {
  const keep = (): Stanza[] =>
    Array.from({ length: 50 }, () => {
      const [kept] = read(large(100_000));
      write(kept as Stanza);
      kept?.framed().isWellFormed();
      kept?.detach();
      write(kept as Stanza);
      return kept as Stanza;
    });
  expect(bytesOf(keep)).toBeLessThan(6 * MIB);
});

test("a store that is given a kept stanza's text, and is slow, has no second one", () => {
  const given: string[] = [];
  const keep = (): Stanza[] =>
    Array.from({ length: 50 }, () => {
      const [kept] = read(large(100_000));
      kept?.detach();
      given.push(kept?.text() ?? "");
      write(kept as Stanza);
      return kept as Stanza;
    });
  expect(bytesOf(keep)).toBeLessThan(6 * MIB);
  expect(given).toHaveLength(50);
});

test("what goes to many is in memory once", () => {
  const keep = (): Stanza[] => {
    const [stanza] = read(large(100_000));
    return Array.from({ length: 100 }, () => {
      const copy = (stanza as Stanza).withAddresses(FROM, TO);
      copy.detach();
      write(copy);
      return copy;
    });
  };
  expect(bytesOf(keep)).toBeLessThan(MIB);
});

test("a stanza says the same once it is detached", () => {
  const id = "more than thirteen units";
  const [one, other] = [read(small(id))[0] as Stanza, read(small(id))[0] as Stanza];
  one.size;
  one.detach();
  expect(one.text()).toBe(other.text());
  expect(one.framed()).toBe(other.framed());
  expect(one.size).toBe(other.text().length);
  expect([one.id, one.type, one.tail, one.children]).toEqual([other.id, other.type, other.tail, other.children]);
  expect(one.element().toString()).toBe(other.element().toString());
});
