// Presence that waits: one of each sender, in bounds.
import { expect, test } from "@jest/globals";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { presence } from "../../../xmpp/stanza/presence.ts";
import { LatestPresence } from "./latest-presence.ts";

const from = (sender: string, id: string) =>
  presence(Jid.parse(sender), Jid.parse("romeo@b.test/x"), "unavailable", id);
const ids = (waiting: LatestPresence) => waiting.drain().map(({ id }) => id);

test("the last of each sender waits, in the order of these", () => {
  const waiting = new LatestPresence({ stanzas: 10, characters: 100_000 });
  for (const [sender, id] of [
    ["a@b.test/1", "1"],
    ["a@b.test/2", "2"],
    ["a@b.test/1", "3"],
  ] as const)
    waiting.add(from(sender, id));
  expect(waiting.first?.id).toBe("2");
  expect(ids(waiting)).toEqual(["2", "3"]);
  expect(waiting.first).toBeUndefined();
});

test("beyond the bounds the oldest is left out", () => {
  const few = new LatestPresence({ stanzas: 2, characters: 100_000 });
  const small = new LatestPresence({ stanzas: 10, characters: 1 });
  for (let i = 0; i < 3; i++) {
    few.add(from(`a@b.test/${i}`, String(i)));
    small.add(from(`a@b.test/${i}`, String(i)));
  }
  expect(ids(few)).toEqual(["1", "2"]);
  expect(ids(small)).toEqual([]);
});

test("whoever makes up senders takes nobody else's place", () => {
  for (const flood of ["x@evil.test", "mallory@b.test"]) {
    const waiting = new LatestPresence({ stanzas: 1_000, characters: 10_000 });
    waiting.add(from("juliet@b.test/balcony", "friend"));
    waiting.add(from("nurse@capulet.test/a", "far"));
    for (let i = 0; i < 100; i++) waiting.add(from(`${flood}/${i}`, String(i)));
    const left = ids(waiting);
    expect(left.slice(0, 2)).toEqual(["friend", "far"]);
    expect(left.at(-1)).toBe("99");
    expect(left.length).toBeLessThan(100);
  }
});

test("all sessions of an account have one bound together", () => {
  const limits = { stanzas: 1_000, characters: 10_000 };
  const [one, other] = [new LatestPresence(limits), new LatestPresence(limits)];
  for (let i = 0; i < 100; i++) one.add(from(`x@evil.test/${i}`, String(i)), [other]);
  const alone = one.count;
  for (let i = 0; i < 10; i++) other.add(from(`juliet@b.test/${i}`, String(i)), [one]);
  expect(other.count).toBe(10);
  expect(one.count).toBeLessThanOrEqual(alone - 8);
});
