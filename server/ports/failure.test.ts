// What a sender is told of a failure: never a word of a driver's or a database's.
import { expect, test } from "@jest/globals";
import { errorReply, StanzaError } from "../../xmpp/stanza/error.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { PasswordError } from "./account-errors.ts";
import { ExclusiveUnavailable } from "./exclusive.ts";
import { failureOf } from "./failure.ts";
import { StoreUnavailable } from "./store.ts";

const SAID =
  'duplicate key value violates unique constraint "accounts_pkey": INSERT INTO accounts VALUES ($1) at 10.1.2.3';

/** What of a failure goes to whoever sent the stanza. */
function toldOf(error: unknown): string {
  const { condition, text, application } = failureOf(error);
  const stanza = Stanza.fromText("<iq type='set' id='1' from='a@b/c' to='d@e'><query xmlns='q'/></iq>");
  return errorReply(stanza, condition, { text, application }).text();
}

test.each([
  ["a database's error", new Error(SAID), "internal-server-error", undefined],
  [
    "one of a driver's own class",
    Object.assign(new TypeError(SAID), { code: "23505", detail: SAID }),
    "internal-server-error",
    undefined,
  ],
  ["no error at all", SAID, "internal-server-error", undefined],
  [
    "the store's outage",
    new StoreUnavailable(SAID, { cause: new Error(SAID) }),
    "resource-constraint",
    "storage does not answer; try again",
  ],
  [
    "a lock that is not to be had",
    new ExclusiveUnavailable(SAID),
    "resource-constraint",
    "it cannot be done right now; try again",
  ],
])("%s gives fixed words", (_name, error, condition, text) => {
  expect(failureOf(error)).toMatchObject({ condition, text });
  const told = toldOf(error);
  for (const word of ["INSERT", "accounts", "10.1.2.3", 'constraint "']) expect(told).not.toContain(word);
});

test("why a password is refused is told", () => {
  const error = new PasswordError("a password has at least 8 characters");
  expect(failureOf(error)).toMatchObject({ condition: "not-acceptable", text: error.message });
});

test("what a handler says itself is told", () => {
  const error = new StanzaError("not-acceptable", "a password has at least 8 characters");
  expect(failureOf(error)).toBe(error);
  expect(toldOf(error)).toContain("a password has at least 8 characters");
});
