// A message that was promised is tried again where it cannot be kept, and given up only after a long time.
import { expect, test } from "@jest/globals";
import { ManualClock, turns } from "../../test/harness/manual-clock.ts";
import { Jid } from "../jid/jid.ts";
import { Stanza } from "../stanza/stanza.ts";
import { parseElement } from "../xml/tree.ts";
import { insistentKey, type Redelivering, redeliverInsistently } from "./insistent.ts";

/** A host that cannot keep anything before `until`, ms. */
function hostOf(until: number) {
  const clock = new ManualClock(0);
  const tried: number[] = [];
  const told: string[] = [];
  const host: Redelivering = {
    clock,
    redeliver(stanza) {
      tried.push(clock.now());
      if (clock.now() < until) return host.refuse(stanza, "resource-constraint");
    },
    refuse(stanza, condition) {
      const attempt = condition === "resource-constraint" ? stanza.note(insistentKey) : undefined;
      if (attempt !== undefined) attempt.refused = true;
      else told.push(condition);
    },
  };
  return { host, clock, tried, told };
}

const message = () =>
  Stanza.fromElement(
    parseElement("<message xmlns='jabber:client' type='chat'><body>hark</body></message>"),
    Jid.parse("romeo@verona.test/orchard"),
    Jid.parse("juliet@verona.test"),
  );

test("what is kept at once needs no promise", () => {
  const { host, tried } = hostOf(0);
  expect(redeliverInsistently(host, message())).toBeUndefined();
  expect(tried).toEqual([0]);
});

test("what cannot be kept is tried again, with longer pauses, and its sender is told nothing", async () => {
  const { host, clock, tried, told } = hostOf(1_000);
  const done = redeliverInsistently(host, message());
  await turns(2);
  await clock.advance(10_000);
  await done;
  expect(tried).toEqual([0, 250, 750, 1_750]);
  expect(told).toEqual([]);
});

test("after five minutes its sender is told", async () => {
  const { host, clock, told } = hostOf(Number.POSITIVE_INFINITY);
  const done = redeliverInsistently(host, message());
  await turns(2);
  await clock.advance(299_000);
  expect(told).toEqual([]);
  await clock.advance(10_000);
  await done;
  expect(told).toEqual(["service-unavailable"]);
});
