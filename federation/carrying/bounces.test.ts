// Which error on a one-way stream answers what: by kind, id and both addresses, once, and never what was long ago.
import { expect, test } from "@jest/globals";
import { Jid } from "../../xmpp/jid/jid.ts";
import { Content } from "../../xmpp/stanza/content.ts";
import { Stanza, type StanzaKind } from "../../xmpp/stanza/stanza.ts";
import { Bounces } from "./bounces.ts";
import { Ledger } from "./ledger.ts";

function stanza(kind: StanzaKind, from: string, to: string, id: string | undefined, type = "chat"): Stanza {
  return new Stanza(kind, Jid.parse(from), Jid.parse(to), new Content(id, type, undefined, "", "/>", []));
}
const sent = stanza("message", "x@a.test/r", "y@b.test", "m");
const answer = stanza("message", "y@b.test", "x@a.test/r", "m", "error");
const others = [
  stanza("iq", "y@b.test", "x@a.test/r", "m", "error"),
  stanza("message", "y@b.test", "x@a.test/r", "n", "error"),
  stanza("message", "y@b.test", "x@a.test/r", undefined, "error"),
  stanza("message", "y@b.test", "x@a.test", "m", "error"),
  stanza("message", "y@b.test/r", "x@a.test/r", "m", "error"),
];

test("an error answers what was sent, once, and nothing else", () => {
  const bounces = new Bounces();
  bounces.sent(sent);
  for (const other of others) expect(bounces.take(other)).toBe(false);
  expect(bounces.take(answer)).toBe(true);
  expect(bounces.take(answer)).toBe(false);
});

test("what was sent long ago is forgotten", () => {
  const bounces = new Bounces();
  bounces.sent(sent);
  for (let i = 0; i < 255; i++) bounces.sent(stanza("message", "x@a.test/r", "y@b.test", `m${i}`));
  expect(bounces.take(answer)).toBe(true);
  bounces.sent(sent);
  for (let i = 0; i < 256; i++) bounces.sent(stanza("message", "x@a.test/r", "y@b.test", `m${i}`));
  expect(bounces.take(answer)).toBe(false);
});

test("an id made for a colliding hash answers nothing", () => {
  const bounces = new Bounces();
  bounces.sent(stanza("message", "romeo@verona.test/orchard", "juliet@capulet.test", "m1"));
  // The same as that in FNV-1a over kind, id and addresses.
  const forged = stanza("message", "mercutio@bank.test/office", "tybalt@verona.test/orchard", "0Sdb41", "error");
  expect(bounces.take(forged)).toBe(false);
});

test("what no error may answer is not remembered, and long heads push out others", () => {
  const bounces = new Bounces();
  bounces.sent(stanza("message", "x@a.test/r", "y@b.test", "m", "error"));
  bounces.sent(stanza("iq", "x@a.test/r", "y@b.test", "m", "result"));
  expect(bounces.take(answer)).toBe(false);
  expect(bounces.take(stanza("iq", "y@b.test", "x@a.test/r", "m", "error"))).toBe(false);
  const long = "i".repeat(40_000);
  bounces.sent(sent);
  bounces.sent(stanza("message", "x@a.test/r", "y@b.test", long));
  expect(bounces.take(answer)).toBe(true);
  bounces.sent(sent);
  bounces.sent(stanza("message", "x@a.test/r", "y@b.test", `${long}j`));
  expect(bounces.take(answer)).toBe(true);
  expect(bounces.take(stanza("message", "y@b.test", "x@a.test/r", long, "error"))).toBe(false);
  bounces.sent(sent);
  bounces.sent(stanza("message", "x@a.test/r", "y@b.test", "i".repeat(70_000)));
  expect(bounces.take(answer)).toBe(false);
});

test("what streams went on with three times in vain is not resumed again, until the peer handles something", () => {
  const ledger = new Ledger<string>(10, 10_000);
  ledger.resumed();
  const [first, second] = [sent.withAddresses(sent.from, sent.to), sent.withAddresses(sent.from, sent.to)];
  ledger.push("o", first);
  ledger.push("o", second);
  for (let i = 0; i < 2; i++) ledger.resumed();
  // A resumption tells a count: the same as before, and then one more.
  expect(ledger.acknowledge(0)).toBe(true);
  expect(ledger.resumedInVain).toBe(false);
  ledger.resumed();
  expect(ledger.resumedInVain).toBe(true);
  expect(ledger.acknowledge(1)).toBe(true);
  expect(ledger.resumedInVain).toBe(false);
  for (let i = 0; i < 3; i++) ledger.resumed();
  expect(ledger.resumedInVain).toBe(true);
  ledger.drain();
  expect(ledger.resumedInVain).toBe(false);
});

test("what was answered keeps its place in the count, is safe, and goes no other way", () => {
  const ledger = new Ledger<string>(10, 10_000);
  let safe = 0;
  const [first, second] = [sent.withAddresses(sent.from, sent.to), stanza("message", "x@a.test/r", "y@b.test", "o")];
  first.safety = { release: () => safe++ } as unknown as NonNullable<Stanza["safety"]>;
  ledger.push("o", first);
  ledger.push("o", second);
  ledger.push("o", stanza("message", "x@a.test/r", "y@b.test", "e", "error"));
  for (const other of [...others, stanza("message", "y@b.test", "x@a.test/r", "e", "error")])
    expect(ledger.answer(other)).toBe(false);
  expect(ledger.answer(answer)).toBe(true);
  expect(ledger.answer(answer)).toBe(false);
  expect(ledger.length).toBe(3);
  expect(ledger.entries().map((entry) => entry.stanza)).toMatchObject([first, second, { id: "e" }]);
  expect(ledger.drain().map((entry) => entry.stanza)).toMatchObject([second, { id: "e" }]);
  expect(safe).toBe(1);
});
