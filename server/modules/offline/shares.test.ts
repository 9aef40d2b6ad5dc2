// Shares of an offline store.
import { expect, test } from "@jest/globals";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { Shares } from "./shares.ts";

const fill = (shares: Shares, sender: string, count: number) => {
  for (let i = 0; i < count; i++) shares.kept("juliet", Jid.parse(sender.replace("#", String(i))));
};

test("a domain fills half, whoever of it writes, and strangers together three quarters", () => {
  const shares = new Shares("verona.test", 100);
  const spam = Jid.parse("x@spam.test");
  expect(shares.most("juliet", spam)).toBe(75);
  fill(shares, "a#@spam.test/r", 49);
  expect(shares.most("juliet", spam)).toBe(75);
  fill(shares, "b@spam.test", 1);
  expect(shares.most("juliet", spam)).toBe(0);
  expect(shares.most("juliet", Jid.parse("x@other.test"))).toBe(75);
  expect(shares.most("nurse", spam)).toBe(75);
  shares.taken("juliet");
  expect(shares.most("juliet", spam)).toBe(75);
});

test("accounts of our own domain are strangers each for itself", () => {
  const shares = new Shares("verona.test", 4);
  fill(shares, "a@verona.test/r", 2);
  expect(shares.most("juliet", Jid.parse("a@verona.test"))).toBe(0);
  expect(shares.most("juliet", Jid.parse("b@verona.test"))).toBe(3);
});
