// Errors that wait for their session: in order, bounded, held until they are given on.
import { expect, test } from "@jest/globals";
import { Jid } from "../../xmpp/jid/jid.ts";
import { Content } from "../../xmpp/stanza/content.ts";
import { Safety } from "../../xmpp/stanza/safety.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { ClientSession } from "../ports/session.ts";
import { givesBack, isErrorAnswer, mustBeTaken, WaitingErrors } from "./waiting-errors.ts";

function answer(id: string, tail = "/>"): Stanza {
  const [from, to] = [Jid.parse("y@b.test"), Jid.parse("x@a.test/r")];
  return new Stanza("message", from, to, new Content(id, "error", undefined, "", tail, []));
}

test("they go on in order while there is room, and are safe once they were given", () => {
  const errors = new WaitingErrors();
  const given: string[] = [];
  let safe = 0;
  for (const id of ["a", "b", "c"]) {
    const error = answer(id);
    const safety = new Safety(() => safe++);
    givesBack(error, safety);
    expect(mustBeTaken(error)).toBe(true);
    expect(errors.add(error)).toBe(true);
    safety.release("passed on");
  }
  // What is given asks again whether there is room.
  const give = ({ id }: Stanza): void => {
    given.push(id ?? "");
    errors.goOn(() => true, give);
  };
  errors.goOn(() => given.length < 2, give);
  expect(given).toEqual(["a", "b"]);
  expect([safe, errors.waits]).toEqual([2, true]);
  errors.drain(give);
  expect(given).toEqual(["a", "b", "c"]);
  expect([safe, errors.waits]).toEqual([3, false]);
});

test.each([
  ["many", "/>", 10_000],
  ["large", "x".repeat(65_536), 96],
])("%s of them are bounded", (_name, tail, most) => {
  const errors = new WaitingErrors();
  let taken = 0;
  while (errors.add(answer(`${taken}`, tail))) taken++;
  expect(taken).toBe(most);
  errors.drain(() => taken--);
  expect(taken).toBe(0);
  expect(errors.add(answer("again"))).toBe(true);
});

test("what waits for an account's sessions is bounded together", () => {
  const [one, two, three] = [new WaitingErrors(), new WaitingErrors(), new WaitingErrors()];
  const sessions = [
    { remote: false, waitingErrors: [one] },
    { remote: false, waitingErrors: [two, three] },
    { remote: true },
  ] as unknown as ClientSession[];
  const large = answer("large", "x".repeat(65_536));
  let taken = 0;
  while ([one, two, three][taken % 3]?.add(large, sessions) === true) taken++;
  expect(taken).toBe(96);
  for (const errors of [one, two, three]) expect(errors.add(answer("more"), sessions)).toBe(false);
  one.drain(() => taken--);
  expect(two.add(answer("again"), sessions)).toBe(true);
});

test("of presence the last counts, and an error of others may be left out", () => {
  const presence = new Stanza(
    "presence",
    Jid.parse("y@b.test"),
    undefined,
    new Content("p", "error", undefined, "", "/>", []),
  );
  expect([isErrorAnswer(presence), isErrorAnswer(answer("a"))]).toEqual([false, true]);
  expect(mustBeTaken(answer("a"))).toBe(false);
});
