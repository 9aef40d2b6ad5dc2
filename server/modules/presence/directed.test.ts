// What a session remembers of its directed presence is bounded by what every node keeps of it. RFC 6121 §4.6.
import { expect, test } from "@jest/globals";
import { Jid } from "../../../xmpp/jid/jid.ts";
import type { OwnSession, SessionKey } from "../../ports/session.ts";
import { directedKey, noteDirected } from "./directed.ts";

/** A session of facts alone, and how often the others were told of them. */
function factsOnly(): { session: OwnSession; told: () => number; size: () => number } {
  const facts = new Map<unknown, unknown>();
  let told = 0;
  const session = {
    get: (key: SessionKey<unknown>) => facts.get(key),
    set(key: SessionKey<unknown>, value: unknown) {
      told++;
      facts.set(key, value);
    },
  } as unknown as OwnSession;
  const size = () => [...(session.get(directedKey) ?? [])].join("").length;
  return { session, told: () => told, size };
}

const long = (n: number) => Jid.parse(`${"u".repeat(900)}${n}@verona.test/${"r".repeat(1000)}`);

test("long addresses are remembered up to 32,768 characters", () => {
  const { session, size } = factsOnly();
  const taken = Array.from({ length: 100 }, (_, n) => noteDirected(session, long(n), true));
  expect(taken.lastIndexOf(true)).toBe(taken.indexOf(false) - 1);
  expect(size()).toBeLessThanOrEqual(32_768);
  expect(size()).toBeGreaterThan(30_000);
  // One less makes room.
  expect(noteDirected(session, long(0), false)).toBe(true);
  expect(noteDirected(session, long(99), true)).toBe(true);
});

test("short ones up to a thousand", () => {
  const { session } = factsOnly();
  const taken = Array.from({ length: 1_001 }, (_, n) => noteDirected(session, Jid.parse(`r${n}@rooms.test/n`), true));
  expect(taken.indexOf(false)).toBe(1_000);
});

test("what is known already tells nobody anything", () => {
  const { session, told } = factsOnly();
  for (let n = 0; n < 3; n++) expect(noteDirected(session, long(1), true)).toBe(true);
  expect(told()).toBe(1);
  for (let n = 0; n < 3; n++) expect(noteDirected(session, long(2), false)).toBe(true);
  expect(told()).toBe(1);
});
