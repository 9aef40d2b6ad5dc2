// A message that was promised is tried again where it cannot be kept, and given up only after a long time.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { ManualClock, turns } from "../../test/harness/manual-clock.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { Safety } from "../../xmpp/stanza/safety.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { parseElement } from "../../xmpp/xml/tree.ts";
import { Promised, type PromiseHost, promisedKey } from "./promised.ts";

/** A host that cannot keep anything before `until`, ms. */
function hostOf(until: number) {
  const clock = new ManualClock(0);
  const tried: number[] = [];
  const again: (boolean | undefined)[] = [];
  const told: string[] = [];
  const host: PromiseHost = {
    clock,
    log: pino({ level: "silent" }),
    redeliver(stanza) {
      tried.push(clock.now());
      again.push(stanza.note(promisedKey)?.again);
      if (clock.now() < until) return host.refuse(stanza, "resource-constraint");
    },
    refuse(stanza, condition) {
      const attempt = condition === "resource-constraint" ? stanza.note(promisedKey) : undefined;
      if (attempt !== undefined) attempt.refused();
      else told.push(condition);
    },
  };
  return { host, clock, tried, again, told };
}

const message = () =>
  Stanza.fromElement(
    parseElement("<message xmlns='jabber:client' type='chat'><body>hark</body></message>"),
    Jid.parse("romeo@verona.test/orchard"),
    Jid.parse("juliet@verona.test"),
  );

test("what is kept at once needs no promise", () => {
  const { host, tried } = hostOf(0);
  expect(new Promised(host, message()).deliver()).toBeUndefined();
  expect(tried).toEqual([0]);
});

test("what cannot be kept is tried again, with longer pauses, and its sender is told nothing", async () => {
  const { host, clock, tried, again, told } = hostOf(1_000);
  const done = new Promised(host, message()).deliver();
  await turns(2);
  await clock.advance(10_000);
  await done;
  expect(tried).toEqual([0, 250, 750, 1_750]);
  // Whoever keeps it looks whether it is there already.
  expect(again).toEqual([false, true, true, true]);
  expect(told).toEqual([]);
});

test("after five minutes its sender is told", async () => {
  const { host, clock, told } = hostOf(Number.POSITIVE_INFINITY);
  const done = new Promised(host, message()).deliver();
  await turns(2);
  await clock.advance(299_000);
  expect(told).toEqual([]);
  await clock.advance(10_000);
  await done;
  expect(told).toEqual(["service-unavailable"]);
});

test("what was taken and then could not be kept is tried anew, and is not safe meanwhile", async () => {
  const { host, clock, tried, told } = hostOf(0);
  let safe = false;
  const stanza = message();
  const safety = new Safety(() => {
    safe = true;
  });
  stanza.safety = safety.hold();
  expect(new Promised(host, stanza).deliver()).toBeUndefined();
  // As a bus does whose other end turns out to be behind.
  void host.refuse(stanza, "resource-constraint");
  safety.release("passed on");
  safety.release("passed on");
  expect(safe).toBe(false);
  await turns(2);
  await clock.advance(1_000);
  await turns(2);
  expect(tried).toEqual([0, 250]);
  expect(told).toEqual([]);
  expect(safe).toBe(true);
});
